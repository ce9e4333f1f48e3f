import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/sohu-match', import.meta.url))

/** A Python that reads graphs and runs them. */
export const pythonWithOnnx = (): Promise<string | undefined> =>
  pythonWith('onnx==1.23.2', 'onnxruntime==1.32.0', 'numpy')

/** A Python with Triton's HTTP client of the open inference protocol v2. */
export const pythonWithTritonClient = (): Promise<string | undefined> => pythonWith('tritonclient[http]==2.73.0')

/** A Python with the JSON schemas of Kubernetes' API up to version 1.37, and their validator. */
export const pythonWithKubernetesSchemas = (): Promise<string | undefined> => pythonWith('kubernetes-validate==1.37.0')

/**
 * The Python of a virtual environment with packages from PyPI, created in node_modules/.cache on the first call; other requirements get another
 * environment. Undefined if there is no python3. Throws if python3 exists but the packages cannot be installed.
 */
async function pythonWith(...requirements: readonly string[]): Promise<string | undefined> {
  const folder = join(CACHE, `python-${requirements.filter((one) => one.includes('==')).join('-')}`)
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(join(folder, 'ready'))) return python
  if (!(await hasPython())) return undefined
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await run('python3', ['-m', 'venv', folder])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements], {
    maxBuffer: 1 << 24
  })
  mkdirSync(join(folder, 'ready')) // last, so that an installation that was killed starts over
  return python
}

function hasPython(): Promise<boolean> {
  return run('python3', ['--version']).then(
    () => true,
    () => false
  )
}
