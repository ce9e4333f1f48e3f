import { rmSync } from 'node:fs'
import path from 'node:path'
import { lastError } from './child.mjs'
import { noNvidia } from './machine.mjs'
import { failed, missing, withinLimits } from './report.mjs'

const CHECK = 'packages/train/dist/gpu/check.js'
const CLI = 'packages/train/dist/cli.js'
const SETUP = 'SOHU_MATCH_TENSORFLOW=gpu npm run setup'

/** Exact float32 products: read by cuBLAS and cuDNN. */
const FLOAT32 = { NVIDIA_TF32_OVERRIDE: '0' }
/** Allocates memory as needed, so that nvidia-smi shows what a step uses; otherwise TensorFlow reserves nearly all of it. */
const GROWTH = { TF_FORCE_GPU_ALLOW_GROWTH: 'true' }
const CPU = { CUDA_VISIBLE_DEVICES: '-1' }

/** Sizes, settings and numbers of steps to measure; the peer runs the same size and precision. */
const STEPS = [
  ['small', {}, 30],
  ['small', { precision: 'bfloat16' }, 30],
  ['encoder', {}, 30],
  ['encoder', { precision: 'bfloat16' }, 30],
  ['base', {}, 8],
  ['base', { recompute: 'layer' }, 8],
  ['base', { precision: 'bfloat16' }, 8]
]
const REHEARSED_STEPS = [['tiny', {}, 1]]

/** Checks of training on TensorFlow. They run if the first one finds it on a GPU, or in a rehearsal. */
export function tensorflowChecks({ rehearse }) {
  const checks = [
    { check: 'tensorflow: on the GPU', seconds: 60, run: probe },
    { check: 'tensorflow: bert4keras, float32', seconds: 60, run: (context) => reference(context, FLOAT32, EXACT) },
    { check: 'tensorflow: bert4keras, TF32', seconds: 60, run: (context) => reference(context, {}, TF32) },
    { check: 'tensorflow: gradients against CPU', seconds: 60, run: gradients },
    { check: 'tensorflow: resume', seconds: 100, run: resume },
    ...(rehearse ? REHEARSED_STEPS : STEPS).map(([size, settings, steps]) => ({
      check: `tensorflow: step of ${[size, ...Object.values(settings)].join(', ')}`,
      seconds: 60,
      run: (context, seconds) => step(context, seconds, size, settings, steps)
    }))
  ]
  return checks.map(({ run, ...rest }, index) => ({
    ...rest,
    group: 'tensorflow',
    run: (context, seconds) => {
      if (index > 0 && !context.tensorflowReady)
        return missing('needs TensorFlow on a GPU: see "tensorflow: on the GPU"')
      return run(context, seconds)
    }
  }))
}

const part = (context, seconds, env, ...args) => context.value(process.execPath, [CHECK, ...args], { env, seconds })

async function probe(context, seconds) {
  const gap = noNvidia(context.facts)
  const { value, problem, stderr } = await part(context, seconds, { TF_CPP_MIN_LOG_LEVEL: '0' }, 'probe')
  if (!value) return missing(`TensorFlow does not load; run: ${SETUP} (${problem})`)
  context.tensorflowReady = value.onGpu || context.rehearse
  context.versions.TensorFlow = value.tensorflow
  if (value.onGpu) return { result: 'passed', found: `TensorFlow ${value.tensorflow}` }
  const reason = gap ?? `its CUDA libraries do not load; run: ${SETUP} (${cudaLine(stderr)})`
  return missing(`TensorFlow ${value.tensorflow} runs on the CPU: ${reason}`)
}

/** TensorFlow's log line about a GPU that it does not use. */
function cudaLine(stderr) {
  const lines = stderr.split('\n').filter((line) => /dlopen|dynamic library|libcu|CUDA|cuda/.test(line))
  return lines.at(-1)?.replace(/^.*?\] /, '') ?? lastError(stderr)
}

/** Largest allowed differences from the reference: float32 as in the tests; TF32 keeps 10 bits of a factor. */
const EXACT = { losses: 1e-5, gradients: 3e-5, logits: 5e-5, weights: 2e-4 }
const TF32 = { losses: 5e-3, gradients: 5e-3, logits: 2e-2, weights: 2e-2 }

async function reference(context, env, limits) {
  const { value, problem } = await part(context, 60, env, 'reference')
  if (!value) return failed(problem)
  const row = withinLimits(
    Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, [value[name], limit]]))
  )
  return { ...row, figures: value }
}

async function gradients(context, seconds) {
  const size = context.rehearse ? 'tiny' : 'encoder'
  const figures = {}
  for (const [name, precision, env] of [
    ['float32', 'float32', FLOAT32],
    ['TF32', 'float32', {}],
    ['bfloat16', 'bfloat16', {}]
  ]) {
    const file = path.join(context.folder, 'gradients.safetensors')
    rmSync(file, { force: true })
    const written = await part(context, seconds, CPU, 'write', file, size, 'float32')
    if (!written.value) return failed(`on the CPU: ${written.problem}`)
    const { value, problem } = await part(context, seconds, env, 'compare', file, size, precision)
    if (!value) return failed(`${name}: ${problem}`)
    figures[name] = value
  }
  const limits = { float32: 1e-4, TF32: 1e-2, bfloat16: 5e-2 } // relative to the norm of the CPU's float32 gradient
  const row = withinLimits(
    Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, [figures[name].relative, limit]])),
    ', of the norm'
  )
  return { ...row, figures }
}

/** Small enough for seconds, with every feature that holds state. */
const RUN = [
  'model.vocab_size=400',
  'model.hidden_size=16',
  'model.num_attention_heads=2',
  'model.intermediate_size=16'
]
const RUN_FLAGS = ['--preset', 'smoke', '--set', ...RUN, 'model.max_length=48', 'epochs=4', 'batch_pairs=8']

/** Two runs with the same seed, and a third that is stopped and resumed, started as a user would. */
async function resume(context, seconds) {
  const folder = (name) => path.join(context.folder, name)
  const train = (name, flags, more = {}) =>
    context.child(process.execPath, [CLI, 'sohu', '--out', folder(name), '--json', ...flags], { seconds, ...more })
  const fresh = ['--data', folder('data'), ...RUN_FLAGS]
  const made = await part(context, seconds, CPU, 'data', folder('data'))
  if (made.problem) return failed(made.problem)
  for (const name of ['whole', 'again']) {
    const { problem } = await train(name, fresh)
    if (problem) return failed(`${name}: ${problem}`)
  }
  const stopped = await train('stopped', fresh, { stopAt: /"type":"step","step":(1\d|[2-9]\d)/, expected: [143] })
  if (stopped.problem) return failed(`stopped: ${stopped.problem}`)
  const resumed = await train('stopped', ['--resume'])
  if (resumed.problem) return failed(`resumed: ${resumed.problem}`)
  const differ = (name) => differing(folder('whole'), folder(name), context.read)
  return resumeRow({ again: differ('again'), resumed: differ('stopped') })
}

const STATE = ['model', 'ema', 'optimizer'].map((name) => `last/${name}.safetensors`)

/** Files of two runs' last checkpoints that are not identical bit for bit. */
export function differing(one, other, read) {
  return STATE.filter((file) => !read(path.join(one, file)).equals(read(path.join(other, file))))
}

/** A resumed run must equal an uninterrupted one bit for bit. If two uninterrupted runs differ as well, the row says that the device's sums are the cause. */
export function resumeRow({ again, resumed }) {
  if (resumed.length === 0)
    return { result: 'passed', found: 'a stopped and resumed run equals a whole one to the bit' }
  const files = resumed.join(', ')
  return again.length === 0
    ? failed(`the resumed run differs from the whole one in ${files}, while two whole runs are equal`)
    : {
        result: 'passed',
        found: `not to the bit: ${files} differ, and so do two whole runs with one seed (${again.join(', ')})`
      }
}

async function step(context, seconds, size, settings, steps) {
  const args = ['step', size, JSON.stringify(settings), String(steps)]
  const { value, problem } = await part(context, seconds, GROWTH, ...args)
  if (!value) return failed(problem)
  const peer = 'recompute' in settings ? {} : await torchStep(context, size, settings.precision ?? 'float32', steps)
  const figures = { ...value, ...peer }
  const finite = Number.isFinite(value.loss)
  return { result: finite ? 'passed' : 'failed', found: stepSentence(figures), figures }
}

/** Time, memory and throughput of a step, as a sentence. */
export function stepSentence({ stepsPerSecond, loss, tensorBytes, deviceMiB, torch }) {
  const parts = [
    `${stepsPerSecond.toFixed(2)} steps/s`,
    `tensors ${(tensorBytes / 1e9).toFixed(2)} GB at most`,
    ...(deviceMiB === undefined ? [] : [`${(deviceMiB / 1024).toFixed(1)} GiB in use on the device`]),
    ...(torch === undefined ? [] : [torchSentence(torch)]),
    ...(Number.isFinite(loss) ? [] : [`the loss is ${loss}`])
  ]
  return parts.join(', ')
}

const torchSentence = ({ problem, stepsPerSecond, bytes, version }) =>
  problem
    ? `no PyTorch to compare with (${problem})`
    : `PyTorch ${version}: ${stepsPerSecond.toFixed(2)} steps/s, ${(bytes / 1e9).toFixed(2)} GB`

async function torchStep(context, size, precision, steps) {
  if (context.torchMissing) return { torch: { problem: context.torchMissing } }
  const python = process.env.TORCH_PYTHON ?? 'python3'
  const device = context.rehearse ? 'cpu' : 'cuda'
  const args = [
    'packages/train/bench/torch_peer.py',
    String(context.facts.processors),
    String(steps),
    size,
    precision,
    device
  ]
  const { value, problem } = await context.value(python, args, { seconds: 60 })
  if (!value) {
    context.torchMissing = problem
    return { torch: { problem } }
  }
  context.versions.torch = value.torch
  return { torch: { version: value.torch, stepsPerSecond: 1 / value.step_s_median, bytes: value.device_bytes } }
}
