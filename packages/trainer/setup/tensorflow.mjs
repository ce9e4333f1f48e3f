import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { dropNote, firstMissing, nodeModules, PACKAGE, readNote, writeNote } from './places.mjs'
import { run, which } from './run.mjs'
import { SetupError, timed } from './say.mjs'
import { buildFromWheels, findPython, VERSION } from './wheels.mjs'

const TFJS = '@tensorflow/tfjs-node-gpu'
const TOOLS =
  'install g++, python3 and pip (Debian, Ubuntu: apt-get install g++ python3 python3-pip), then run the set-up again'
const firstError = (output) =>
  output.split('\n').find((line) => /^(\w*Error|.*failed with error)/.test(line)) ?? output.slice(-500)

/**
 * What this machine should have, from facts about it. The flavor is gpu if there is an NVIDIA driver, unless SOHU_MATCH_TENSORFLOW
 * (cpu | gpu) says otherwise. Node's version does not matter: the addon uses only Node-API, so one build serves Node 20, 22 and 24.
 * Throws SetupError for a wrong setting and for a Linux that TensorFlow is not built for.
 */
export function target({ platform, arch, glibc, driver, setting, packageVersion }) {
  if (setting && setting !== 'cpu' && setting !== 'gpu')
    throw new SetupError(`SOHU_MATCH_TENSORFLOW is '${setting}'; it takes cpu or gpu.`)
  if (platform === 'linux' && !glibc)
    throw new SetupError(
      'This Linux has no glibc (Alpine?), and TensorFlow is built for glibc: use an image of Debian or Ubuntu.'
    )
  return { package: packageVersion, tensorflow: VERSION, flavor: setting || (driver ? 'gpu' : 'cpu'), platform, arch }
}

/** Why a recorded build is not the wanted one; undefined if it is. */
export function difference(note, wanted) {
  if (!note) return 'its native addon is not built'
  const key = Object.keys(wanted).find((key) => note.target?.[key] !== wanted[key])
  return key && `${key} was ${note.target?.[key]}, now ${wanted[key]}`
}

/** The folder of the npm package that binds TensorFlow to Node; undefined if it is not installed. */
export function packageFolder() {
  try {
    return path.dirname(createRequire(path.join(PACKAGE, 'package.json')).resolve(`${TFJS}/package.json`))
  } catch {
    return undefined
  }
}

const targetHere = (folder) =>
  target({
    platform: process.platform,
    arch: process.arch,
    glibc: process.report.getReport().header.glibcVersionRuntime,
    driver: existsSync('/proc/driver/nvidia/version') || which(['nvidia-smi']) !== undefined,
    setting: process.env.SOHU_MATCH_TENSORFLOW,
    packageVersion: createRequire(import.meta.url)(path.join(folder, 'package.json')).version
  })

/** TensorFlow's C library and the addon that binds it to Node. */
export const tensorflow = {
  name: 'TensorFlow',

  missing() {
    const folder = packageFolder()
    if (!folder) return 'its npm package is not installed'
    const note = readNote('tensorflow')
    const change = difference(note, targetHere(folder))
    if (change) return change
    const lost = firstMissing(note.files.map((file) => path.join(folder, file)))
    return lost && `${lost} is gone`
  },

  ready: () => readNote('tensorflow').summary,

  async work() {
    const folder = packageFolder()
    const wanted = targetHere(folder)
    dropNote('tensorflow')
    const python =
      wanted.platform === 'linux' && ['x64', 'arm64'].includes(wanted.arch) ? await findPython() : undefined
    const files = python ? await buildFromWheels(wanted, folder, python) : await runOwnInstaller(wanted, folder)
    await timed('TensorFlow', 'loading it', async () => {
      const summary = await tryOut(wanted.flavor)
      writeNote('tensorflow', { target: wanted, files, summary })
      return summary
    })
  }
}

/** The package's own installation: an older C library (2.9, CUDA 11.2) and a prebuilt addon, from TensorFlow's download host. */
async function runOwnInstaller({ platform, flavor }, folder) {
  const why = platform === 'linux' ? 'no python3 with pip was found' : `on ${platform}`
  const env = { PATH: [path.join(nodeModules(folder), '.bin'), process.env.PATH].join(path.delimiter) }
  await timed('TensorFlow', `${why}: running the installer of ${TFJS} itself`, () =>
    run(process.execPath, ['scripts/install.js', flavor, 'download'], { cwd: folder, env, shorten: firstError }).then(
      () => undefined,
      (cause) => {
        throw new SetupError(`${cause.message}\nThe installer of ${TFJS} failed: ${TOOLS}.`, { cause })
      }
    )
  )
  return ['lib', path.join('deps', 'lib')]
}

/** Loads the addon in a separate process; returns its description. Throws SetupError if it does not load. */
async function tryOut(flavor) {
  const script = `
    const tf = require('${TFJS}')
    const { binding } = tf.backend()
    console.log(JSON.stringify([tf.getBackend(), binding.TF_Version, binding.isUsingGpuDevice()]))`
  const output = await run(process.execPath, ['-e', script], { cwd: PACKAGE, env: { TF_CPP_MIN_LOG_LEVEL: '3' } })
  const [backend, version, gpu] = JSON.parse(output.trim().split('\n').at(-1))
  if (backend !== 'tensorflow')
    throw new SetupError(
      `TensorFlow.js chose its '${backend}' backend, not the native one: remove node_modules and install again.`
    )
  if (flavor === 'gpu' && !gpu)
    return `TensorFlow ${version} with CUDA libraries, but on the CPU, for it sees no GPU (CUDA 12 needs NVIDIA's driver 525 or newer: see nvidia-smi)`
  return `TensorFlow ${version} on the ${gpu ? 'GPU' : 'CPU'}`
}
