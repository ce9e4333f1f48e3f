import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { dropNote, PACKAGE, readNote, STATE, writeNote } from './places.mjs'
import { run } from './run.mjs'
import { say, SetupError, timed } from './say.mjs'
import { packageFolder } from './tensorflow.mjs'
import { ADDON as TFJS_ADDON, findCompiler, LIBRARIES, NAPI, nodeHeaders, VERSION } from './wheels.mjs'

/** C++ sources, and the addon built from them, in the folder of the npm package with whose TensorFlow they register. */
const SOURCES = [path.join(PACKAGE, '..', 'train', 'native'), path.join(PACKAGE, 'dist', 'native')].find((folder) =>
  existsSync(folder)
)
export const ADDON = path.join(path.dirname(TFJS_ADDON), 'sohu_kernels.node')

/** A hash of all sources: the kernels are recompiled when one changes. */
export function hashOf(folder) {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    const file = path.join(folder, name)
    if (/\.(cc|h)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** Why the kernels cannot be compiled here; undefined if they can. */
export function obstacle({ folder, compiler }) {
  if (!existsSync(path.join(folder, 'deps', 'lib', LIBRARIES[0])))
    return "TensorFlow's own installer brought it, without the headers of its kernel interface"
  return compiler ? undefined : 'no C++ compiler was found (Debian, Ubuntu: apt-get install g++)'
}

/** Identifies the compiler and the library to link with. */
export function toolchainOf(compiler) {
  if (compiler === undefined) return 'no compiler'
  const { size, mtimeMs } = statSync(compiler)
  return `${compiler} (${size} bytes, of ${new Date(mtimeMs).toISOString()}), TensorFlow ${VERSION}`
}

const NOT_COMPILED = 'the fused kernels of training are not compiled'
const COMPILED = 'fused kernels of training, compiled for this processor'

const failedWith = (toolchain) =>
  `training runs without its fused kernels, which failed with ${toolchain}; set-up tries again with another compiler or other sources, ` +
  `or after you delete ${path.join(STATE, 'kernels.json')}, which has the error`

/**
 * Why the kernels must be compiled, given the note of an earlier set-up and what is here now. Undefined if they are present, if the same
 * obstacle is still there, or if the same sources failed with the same toolchain.
 */
export function reasonToCompile(note, { sources, refused, toolchain, present }) {
  if (!note) return NOT_COMPILED
  if (note.sources !== sources) return 'the sources of the fused kernels have changed'
  if (note.refused !== undefined) return refused === note.refused ? undefined : 'the fused kernels can be compiled now'
  if (note.failed)
    return note.failed.toolchain === toolchain ? undefined : 'the compiler has changed since the kernels failed'
  return present ? undefined : `${ADDON} is gone`
}

/** The fused kernels of training. Training also runs without them, more slowly, so a failure here does not end the set-up. */
export const kernels = {
  name: 'Kernels',

  missing() {
    const folder = packageFolder()
    if (!folder) return NOT_COMPILED
    const compiler = findCompiler()
    return reasonToCompile(readNote('kernels'), {
      sources: hashOf(SOURCES),
      refused: obstacle({ folder, compiler }),
      toolchain: toolchainOf(compiler),
      present: existsSync(path.join(folder, ADDON))
    })
  },

  ready: () => readNote('kernels').summary,

  async work() {
    const folder = packageFolder()
    const compiler = findCompiler()
    const sources = hashOf(SOURCES)
    dropNote('kernels')
    const refused = obstacle({ folder, compiler })
    if (refused !== undefined) {
      const summary = `training runs without its fused kernels: ${refused}`
      writeNote('kernels', { sources, refused, summary })
      say('Kernels', summary)
      return
    }
    await timed('Kernels', `compiling the fused kernels of training with ${path.basename(compiler)}`, async () => {
      const failure = await compile(compiler, folder)
      if (failure === undefined) {
        writeNote('kernels', { sources, summary: COMPILED })
        return COMPILED
      }
      const toolchain = toolchainOf(compiler)
      const summary = failedWith(toolchain)
      writeNote('kernels', { sources, failed: { toolchain, message: failure }, summary })
      return `${failure}\n${summary}`
    })
  }
}

/** Compiles for this processor, and loads the result once in a separate process. Returns the error if either fails. */
async function compile(compiler, folder) {
  const addon = path.join(folder, ADDON)
  const wide = process.arch === 'x64' ? ['-mprefer-vector-width=512'] : []
  mkdirSync(path.dirname(addon), { recursive: true })
  try {
    await run(
      compiler,
      [
        ...['-std=c++17', '-O3', '-march=native', ...wide, '-fno-math-errno', '-fno-trapping-math', '-fopenmp-simd'],
        ...['-fPIC', '-shared', '-fvisibility=hidden', `-DNAPI_VERSION=${NAPI}`, '-DIS_SLIM_BUILD'],
        ...['-Ideps/include', `-I${nodeHeaders()}`, `-I${path.join(SOURCES, 'include')}`],
        ...readdirSync(SOURCES)
          .filter((name) => name.endsWith('.cc'))
          .map((name) => path.join(SOURCES, name)),
        ...LIBRARIES.map((name) => path.join('deps', 'lib', name)),
        ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-pthread', '-o', `${addon}.tmp`]
      ],
      { cwd: folder }
    )
    renameSync(`${addon}.tmp`, addon)
    await tryOut(addon)
    return undefined
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    rmSync(addon, { force: true })
    return error.message
  } finally {
    rmSync(`${addon}.tmp`, { force: true })
  }
}

async function tryOut(addon) {
  const script = `
    require('@tensorflow/tfjs-node-gpu')
    const { refused } = require(${JSON.stringify(addon)})
    if (refused !== '') throw new Error(refused)`
  const env = { TF_CPP_MIN_LOG_LEVEL: '3' }
  await run(process.execPath, ['-e', script], { cwd: PACKAGE, env })
}
