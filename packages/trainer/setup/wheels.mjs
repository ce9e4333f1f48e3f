import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, firstMissing, linkTree, makeFolder, PACKAGE } from './places.mjs'
import { run, which } from './run.mjs'
import { SetupError, timed } from './say.mjs'

const HERE = path.dirname(fileURLToPath(import.meta.url))

/** TensorFlow's version in requirements-cpu.txt and requirements-gpu.txt. */
export const VERSION = '2.18.0'

const DOWNLOAD = { cpu: '230 MB', gpu: '2.4 GB' }
const MACHINE = { x64: 'x86_64', arm64: 'aarch64' }
export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']
export const NAPI = 8 // the newest Node-API that tfjs-node names, and the folder it looks in
export const ADDON = path.join('lib', `napi-v${NAPI}`, 'tfjs_binding.node')

/** A C++ compiler; undefined if there is none. */
export const findCompiler = () => which([process.env.CXX, 'g++', 'c++', 'clang++'].filter(Boolean))

/** The folder of Node-API's headers. */
export const nodeHeaders = () => createRequire(path.join(PACKAGE, 'package.json'))('node-api-headers').include_dir

/** A Python 3 with pip; undefined if there is none. */
export async function findPython() {
  const file = which(['python3', 'python'])
  return (
    file &&
    run(file, ['-m', 'pip', '--version']).then(
      (text) => (text.includes('(python 3.') ? file : undefined),
      () => undefined
    )
  )
}

/**
 * Extracts TensorFlow's C library from its Python wheel and compiles the addon against it: tfjs-node's own download is older and lacks CUDA 12.
 * Returns the files that must stay, relative to the package's folder. Throws SetupError without a compiler, before anything is downloaded.
 */
export async function buildFromWheels({ flavor, arch }, packageFolder, python) {
  const compiler = findCompiler()
  if (!compiler) {
    throw new SetupError(
      "No C++ compiler was found to build TensorFlow's addon: install one (Debian, Ubuntu: apt-get install g++), then run the set-up again."
    )
  }
  const library = path.join(cacheFolder(), `tensorflow-${VERSION}-${flavor}-${arch}`)
  if (!existsSync(library)) {
    await timed(
      'TensorFlow',
      `downloading the ${flavor.toUpperCase()} library (${DOWNLOAD[flavor]}) into ${cacheFolder()}`,
      () => makeFolder(library, (folder) => download(flavor, arch, python, folder))
    )
  }
  await timed('TensorFlow', `compiling the addon with ${path.basename(compiler)}`, async () => {
    await makeFolder(path.join(packageFolder, 'deps'), (deps) => linkParts(library, deps))
    await compile(compiler, packageFolder)
  })
  return [ADDON, ...LIBRARIES.map((name) => path.join('deps', 'lib', name))]
}

/** Downloads the wheels, verified by the hashes in the requirements file, and leaves the needed parts in `folder`. */
async function download(flavor, arch, python, folder) {
  const wheels = path.join(folder, 'wheels')
  const tags = ['manylinux_2_17', 'manylinux2014'].flatMap((tag) => ['--platform', `${tag}_${MACHINE[arch]}`])
  // A fixed Python version, so that there is one wheel and one hash, whatever Python runs pip.
  await run(
    python,
    [
      '-m',
      'pip',
      'download',
      '--disable-pip-version-check',
      '--no-deps',
      '--require-hashes',
      '--only-binary=:all:',
      '--no-cache-dir',
      '--python-version',
      '3.11',
      ...tags,
      '--requirement',
      path.join(HERE, `requirements-${flavor}.txt`),
      '--dest',
      wheels
    ],
    { show: process.stdout.isTTY }
  ).catch((cause) => {
    throw new SetupError(
      `${cause.message}\nTensorFlow's wheels could not be downloaded: see to the network or pip's settings, then run the set-up again.`,
      { cause }
    )
  })
  await run(python, [path.join(HERE, 'unpack.py'), wheels, folder])
  rmSync(wheels, { recursive: true })
  const lost = firstMissing([
    ...LIBRARIES.map((name) => path.join(folder, 'lib', name)),
    path.join(folder, 'include', 'tensorflow', 'c', 'c_api.h')
  ])
  if (lost) throw new SetupError(`TensorFlow's wheel does not hold ${path.relative(folder, lost)}.`)
}

/** lib/ and, for a GPU, nvidia/: the library finds NVIDIA's in ../nvidia by its RUNPATH. */
function linkParts(library, deps) {
  for (const part of readdirSync(library)) linkTree(path.join(library, part), path.join(deps, part))
}

/** Compiles the package's two C++ files. They use only Node-API, so npm's node-api-headers suffice: no node-gyp, make or headers of this Node. */
async function compile(compiler, packageFolder) {
  const addon = path.join(packageFolder, ADDON)
  mkdirSync(path.dirname(addon), { recursive: true })
  await run(
    compiler,
    [
      '-std=c++17',
      '-O2',
      '-fPIC',
      '-shared',
      `-DNAPI_VERSION=${NAPI}`,
      '-I.',
      '-Ideps/include',
      `-I${nodeHeaders()}`,
      'binding/tfjs_backend.cc',
      'binding/tfjs_binding.cc',
      ...LIBRARIES.map((name) => path.join('deps', 'lib', name)),
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
      '-o',
      `${addon}.tmp`
    ],
    { cwd: packageFolder }
  )
  renameSync(`${addon}.tmp`, addon)
}
