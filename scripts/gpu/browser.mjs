import { existsSync } from 'node:fs'
import { comparedDtypes, cpuScores, largestDifference, TOLERANCES } from './onnxruntime.mjs'
import { noHardware } from './machine.mjs'
import { failed, missing } from './report.mjs'

const CHILD = 'scripts/gpu/page.mjs'

/** Checks of the browser SDK on Chromium's hardware adapter, against Node on the CPU. */
export function browserChecks({ dtypes }) {
  return comparedDtypes(dtypes).map((dtype) => ({
    check: `browser: webgpu, ${dtype}`,
    group: 'browser',
    seconds: 60,
    run: (context, seconds) => scores(context, seconds, dtype)
  }))
}

async function scores(context, seconds, dtype) {
  const gap = noHardware(context.facts)
  if (gap && !context.rehearse) return missing(gap)
  if (!context.chromium || !existsSync(context.chromium))
    return missing('no Chromium: run `npm run setup -- --browser`, or set CHROME_PATH to a Chromium or Chrome')
  const expected = await cpuScores(context, dtype, seconds)
  if (expected.problem) return failed(`on the CPU: ${expected.problem}`)
  const args = [
    CHILD,
    context.model,
    dtype,
    String(context.pairs),
    context.chromium,
    context.rehearse ? 'software' : 'hardware'
  ]
  const { value, problem } = await context.value(process.execPath, args, { seconds })
  if (!value) return failed(problem)
  return browserRow({ dtype, expected, actual: value })
}

/** The row for the page's result; a software adapter does not count as a check of a GPU. */
export function browserRow({ dtype, expected, actual: { missing: part, error, adapter, browser, scores } }) {
  if (part) return missing(part)
  if (!adapter)
    return missing(`Chromium ${browser} has no WebGPU adapter: install the GPU's Vulkan driver and libvulkan1`)
  if (error) return error.code === 'device-unavailable' ? missing(error.message) : failed(error.message)
  const difference = largestDifference(expected.scores, scores)
  const name = [adapter.vendor, adapter.architecture, adapter.description].filter(Boolean).join(' ')
  const found = `largest score difference ${difference.toExponential(1)} on ${name}, Chromium ${browser}`
  const row = { found, wanted: `at most ${TOLERANCES[dtype]}`, figures: { difference, adapter, browser } }
  if (!(difference <= TOLERANCES[dtype])) return { result: 'failed', ...row }
  return isSoftware(adapter)
    ? {
        ...row,
        result: 'missing',
        found: `only a software adapter: ${found}; install the GPU's Vulkan driver and libvulkan1`
      }
    : { result: 'passed', ...row }
}

const isSoftware = ({ fallback, architecture = '', description = '' }) =>
  fallback || /swiftshader|llvmpipe|software/i.test(`${architecture} ${description}`)
