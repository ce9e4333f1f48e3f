import { noHardware, noNvidia } from './machine.mjs'
import { failed, missing } from './report.mjs'

const CHILD = 'scripts/gpu/score.mjs'

/**
 * Largest allowed difference from the CPU's score in the same precision. fp32: another order of summation, TF32 off. fp16: a GPU rounds elsewhere,
 * 2^-11 each. q8, q4: the CPU rounds activations to int8 in blocks (accuracy_level 4), a GPU keeps them.
 */
export const TOLERANCES = { fp32: 1e-4, fp16: 1e-2, q8: 2e-2, q4: 5e-2 }

const DEVICES = { cuda: noNvidia, webgpu: noHardware }

/** Checks of inference in Node: the model's precisions on both devices, against the CPU. */
export function onnxruntimeChecks({ dtypes }) {
  return Object.keys(DEVICES).flatMap((device) =>
    comparedDtypes(dtypes).map((dtype) => ({
      check: `onnxruntime: ${device}, ${dtype}`,
      group: 'onnxruntime',
      seconds: 60,
      run: (context, seconds) => scores(context, seconds, device, dtype)
    }))
  )
}

/** Precisions of a model that are meant for GPUs. */
export const comparedDtypes = (dtypes) => Object.keys(TOLERANCES).filter((dtype) => dtypes.includes(dtype))

async function scores(context, seconds, device, dtype) {
  const gap = DEVICES[device](context.facts)
  if (gap && !context.rehearse) return missing(gap)
  const expected = await cpuScores(context, dtype, seconds)
  if (expected.problem) return failed(`on the CPU: ${expected.problem}`)
  const env = dtype === 'fp32' ? { NVIDIA_TF32_OVERRIDE: '0' } : {}
  const actual = await score(context, device, dtype, { env, seconds })
  if (actual.code === 'device-unavailable') return missing(actual.problem)
  if (actual.problem) return failed(actual.problem)
  return scoresRow({ device, dtype, expected, actual, gap })
}

/** The CPU's scores, computed once per precision. */
export function cpuScores(context, dtype, seconds) {
  context.cpuScores ??= {}
  return (context.cpuScores[dtype] ??= score(context, 'cpu', dtype, { seconds }))
}

async function score(context, device, dtype, options) {
  const { value, problem } = await context.value(
    process.execPath,
    [CHILD, context.model, device, dtype, String(context.pairs)],
    options
  )
  return value?.error ? { problem: value.error.message, code: value.error.code } : (value ?? { problem })
}

/** Compares the scores of two devices. A device that uses no GPU memory is a software adapter, which does not count as a check of a GPU. */
export function scoresRow({ device, dtype, expected, actual, gap }) {
  const difference = largestDifference(expected.scores, actual.scores)
  const figures = { difference, pairsPerSecond: actual.pairsPerSecond, cpuPairsPerSecond: expected.pairsPerSecond }
  const speed = (pairsPerSecond) => `${pairsPerSecond.toFixed(0)} pairs/s`
  const timed = actual.pairsPerSecond
    ? `, ${speed(actual.pairsPerSecond)} (CPU, ${dtype}: ${speed(expected.pairsPerSecond)})`
    : ''
  const found = `largest score difference ${difference.toExponential(1)}${timed}`
  const wanted = `at most ${TOLERANCES[dtype]}`
  if (!(difference <= TOLERANCES[dtype])) return { result: 'failed', found, wanted, figures }
  const software = gap ?? (actual.gpuMiB === 0 ? `${device} used no memory of the GPU` : undefined)
  if (software) return { result: 'missing', found: `on a software adapter: ${found}; ${software}`, figures }
  return { result: 'passed', found, wanted, figures: { ...figures, gpuMiB: actual.gpuMiB } }
}

/** The largest |a - b|; NaN if any value is NaN or the lengths differ. */
export function largestDifference(a, b) {
  if (a.length !== b.length) return NaN
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}
