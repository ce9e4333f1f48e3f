// score.mjs MODEL DEVICE DTYPE PAIRS: prints the scores of the first PAIRS compared pairs, or the SDK's error, as one JSON line; each device has its own process.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createMatcher } from '../../packages/sdk-node/dist/index.js'
import { parseGpus } from './machine.mjs'
import { comparedPairs, timedPairs } from './pairs.mjs'

const [model, device, dtype, pairs] = process.argv.slice(2)
const count = Number(pairs)
/** Number of warm-up pairs and of timed pairs; nothing is timed if only a few pairs are compared. */
const TIMED = device === 'cpu' ? [32, 64] : [256, 1024]

/** MiB in use on all GPUs; undefined without `nvidia-smi`. */
function usedMiB() {
  try {
    const flags = ['--query-gpu=name,driver_version,memory.total,memory.used', '--format=csv,noheader,nounits']
    const csv = execFileSync('nvidia-smi', flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return parseGpus(csv).reduce((sum, gpu) => sum + gpu.usedMiB, 0)
  } catch {
    return undefined // the report then omits it
  }
}

async function throughput(matcher, task) {
  await matcher.matchMany(timedPairs(TIMED[0], task, 0))
  const start = performance.now()
  await matcher.matchMany(timedPairs(TIMED[1], task, 1))
  return TIMED[1] / ((performance.now() - start) / 1000)
}

async function run() {
  const tasks = JSON.parse(readFileSync(path.join(model, 'manifest.json'), 'utf8')).tasks.map(({ name }) => name)
  const before = usedMiB()
  const matcher = await createMatcher({ model, device, dtype, tasks })
  try {
    const results = await matcher.matchMany(comparedPairs(tasks, count))
    const pairsPerSecond = Number.isFinite(count) ? undefined : await throughput(matcher, tasks[0])
    const after = usedMiB()
    return {
      scores: results.map(({ score }) => score),
      pairsPerSecond,
      ...(before !== undefined && after !== undefined && { gpuMiB: Math.max(0, after - before) }),
      versions: matcher.info.versions
    }
  } finally {
    await matcher.dispose()
  }
}

const result = await run().catch((error) => ({ error: { code: error.code, message: error.message } }))
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0)) // a device library may keep threads alive
