import { execFile, spawn } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const HERE = fileURLToPath(new URL('.', import.meta.url))
const CACHE = path.join(HERE, '../../node_modules/.cache/sohu-match/python-triton')
/** Triton Inference Server 2.51 with its Python backend from PyPI, built for NumPy 1, and the imports of the stand-in backend. */
const PACKAGES = ['nvidia-pytriton==0.7.0', 'numpy==1.26.4', 'onnxruntime==1.32.0']

/** A virtual environment with Triton's server: 55 MB, on Linux x64 with glibc 2.35 or later. */
async function environment() {
  const python = path.join(CACHE, 'bin/python')
  if (!existsSync(path.join(CACHE, 'ready'))) {
    rmSync(CACHE, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', CACHE])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await run(python, [...pip, '--no-deps', PACKAGES[0]]) // its clients are not needed
    await run(python, [...pip, ...PACKAGES.slice(1)])
    mkdirSync(path.join(CACHE, 'ready'))
  }
  const facts =
    "import sys, sysconfig; v = sysconfig.get_config_var; print(f'{sys.version_info[0]}.{sys.version_info[1]}', v('LIBDIR'), sysconfig.get_path('purelib'))"
  const [version, libraries, packages] = (await run(python, ['-c', facts])).stdout.trim().split(' ')
  return { version, libraries, packages }
}

/** A folder of backends: Triton's own for Python, and the stand-in under the name `onnxruntime`. */
function backends(folder, { version, packages }) {
  const triton = path.join(packages, 'pytriton/tritonserver')
  cpSync(path.join(triton, 'backends/python'), path.join(folder, 'python'), { recursive: true })
  const stub = 'triton_python_backend_stub'
  copyFileSync(path.join(triton, 'python_backend_stubs', version, stub), path.join(folder, 'python', stub))
  cpSync(path.join(HERE, 'backend'), path.join(folder, 'onnxruntime'), { recursive: true })
  return folder
}

/** Starts Triton on a model repository; resolves with its address and `stop` once every model is ready. */
export async function startTriton(repository, port) {
  const found = await environment()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'triton-backends-'))
  const program = path.join(found.packages, 'pytriton/tritonserver/bin/tritonserver')
  const flags = ['--model-repository', repository, '--backend-directory', backends(folder, found)]
  const http = [
    '--http-address',
    '127.0.0.1',
    '--http-port',
    String(port),
    '--allow-grpc',
    'false',
    '--allow-metrics',
    'false'
  ]
  const server = spawn(program, [...flags, ...http], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: [path.join(CACHE, 'bin'), process.env.PATH].join(path.delimiter),
      LD_LIBRARY_PATH: [path.join(found.packages, 'nvidia_pytriton.libs'), found.libraries].join(path.delimiter)
    }
  })
  let log = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => (log += data))
  const ended = new Promise((resolve) => server.on('close', resolve))
  const stop = async () => {
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const origin = `http://127.0.0.1:${port}`
  const isReady = async () => (await fetch(`${origin}/v2/health/ready`).catch(() => undefined))?.ok
  while (!(await isReady())) {
    if (server.exitCode !== null || server.signalCode !== null) {
      await stop()
      throw new Error(`Triton ended before it was ready:\n${log.slice(-3000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return { origin, stop }
}
