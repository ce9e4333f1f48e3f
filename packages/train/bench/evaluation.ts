import { cpus, loadavg } from 'node:os'
import type { Model } from '../src/autograd/pass'
import { gatherBatch } from '../src/data/batch'
import { planEvaluation } from '../src/data/buckets'
import { pairLengths, type EncodedPairs } from '../src/data/encode'
import { BATCH_TOKENS, networkOf } from '../src/evaluate/predict'
import { middle, timed, type Timing } from './timing'
import { ARITHMETIC, VARIANTS } from './variants'

/** Batches timed: every nth of the split, so that their lengths are the split's. */
const SAMPLE = 12

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Prints the pairs a second of evaluation and prediction on a split, in each precision with each kernels, alternating. */
export async function printEvaluation(model: Model, valid: EncodedPairs, rounds: number): Promise<void> {
  const plan = planEvaluation(pairLengths(valid), BATCH_TOKENS)
  const every = Math.max(1, Math.floor(plan.length / SAMPLE))
  const batches = plan.filter((_, i) => i % every === 0).map((indices) => gatherBatch(valid, indices))
  const pairs = batches.reduce((sum, { batch }) => sum + batch, 0)
  const networks = ARITHMETIC.map((name) => ({ name, network: networkOf(model, VARIANTS[name]), runs: [] as Timing[] }))
  for (let round = -1; round < rounds; round++) {
    // the first round warms up
    for (const { network, runs } of networks) {
      const timing = await timed(async () => {
        for (const batch of batches) await network.run(batch)
      })
      if (round >= 0) runs.push(timing)
    }
  }
  print(
    `evaluation: ${pairs} of ${valid.labels.length} valid pairs in ${batches.length} batches; medians of ${rounds} alternating rounds; ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`
  )
  const plain = middle(networks[0]!.runs)
  for (const { name, runs } of networks) {
    const { wall, cpu } = middle(runs)
    const rate = (seconds: number): string => (pairs / seconds).toFixed(0).padStart(6)
    print(
      `${name.padEnd(26)}${rate(wall)} pairs/s  ${rate(cpu)} pairs per CPU second   float32 / this ${(plain.wall / wall).toFixed(2)}, ${(plain.cpu / cpu).toFixed(2)}`
    )
  }
  print('')
}
