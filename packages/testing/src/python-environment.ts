import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What Python needs to check graphs; a change of these makes a new environment. */
const REQUIREMENTS = ['onnx==1.23.2', 'onnxruntime==1.32.0', 'numpy']

/**
 * The Python of a virtual environment that has onnx and onnxruntime, made in node_modules/.cache on the first call; undefined where there
 * is no python3. Throws where python3 is there and the packages cannot be installed.
 */
export async function pythonWithOnnx(): Promise<string | undefined> {
  const folder = join(
    fileURLToPath(new URL('../../../node_modules/.cache/sohu-match', import.meta.url)),
    `python-${REQUIREMENTS.slice(0, 2).join('-')}`
  )
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(join(folder, 'ready'))) return python
  if (
    !(await run('python3', ['--version']).then(
      () => true,
      () => false
    ))
  )
    return undefined
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await run('python3', ['-m', 'venv', folder])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...REQUIREMENTS], {
    maxBuffer: 1 << 24
  })
  mkdirSync(join(folder, 'ready')) // last: a killed installation starts again
  return python
}
