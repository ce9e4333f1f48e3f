/**
 * An epoch in buckets against the reference's batches, planned over the real lengths and timed on a sample of each plan's
 * batches; and the speed of evaluation on the valid split.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readJson } from '@sohu-match/node'
import { parseTrainSettings } from '../src/config'
import { planEpoch, type BatchingOptions, type EpochPlan } from '../src/data/buckets'
import { writeDemoCorpus } from '../src/data/demo-corpus'
import { pairLengths } from '../src/data/encode'
import { microBatches } from '../src/step/micro-batches'
import { prepare } from '../src/run/prepare'
import { Trainer } from '../src/step/trainer'
import { printEvaluation } from './evaluation'
import { middle, timed, type Timing } from './timing'

/** Batches timed of each plan, and how often each: node dist/bench/epoch.bench.js [sample] [rounds]. */
const [SAMPLE, ROUNDS] = [Number(process.argv[2] ?? 12), Number(process.argv[3] ?? 3)]
/** The package's folder: the bundled script runs from dist/bench. */
const root = join(import.meta.dirname, '../..')
const news = join(root, '../../../shared/data/news-pairs')

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const meanOfMedians = (sampled: readonly { readonly runs: readonly Timing[] }[], clock: keyof Timing): number =>
  sampled.reduce((sum, { runs }) => sum + middle(runs)[clock], 0) / sampled.length

/** The middle batches of as many equal parts of the plan, by padded tokens: their mean time is nearly the mean of all. */
function sample({ batches }: EpochPlan, lengths: ArrayLike<number>): Int32Array[] {
  const tokens = (batch: Int32Array): number =>
    batch.length * batch.reduce((longest, pair) => Math.max(longest, lengths[pair]!), 0)
  const sorted = [...batches].sort((one, other) => tokens(one) - tokens(other))
  return Array.from({ length: SAMPLE }, (_, part) => sorted[Math.floor(((part + 0.5) * sorted.length) / SAMPLE)]!)
}

async function main(folder: string): Promise<void> {
  const data = existsSync(news) ? news : join(folder, 'demo-corpus')
  if (data !== news) await writeDemoCorpus(data)
  const preset = (await readJson(join(root, 'presets/sohu-tiny.json'), 'config-invalid')) as Record<string, unknown>
  // where the embeddings start changes no time, and takes some
  const train = parseTrainSettings({ ...preset, embedding_start: 'reference' }, 'sohu-tiny')
  const prepared = await prepare(train, { data }, { cache: folder })
  const trainer = new Trainer(train, prepared.config, prepared.variables)
  const lengths = pairLengths(prepared.pairs.train)
  const batchOf = microBatches(train, prepared)
  const plan = (name: string, options: BatchingOptions) => {
    const planned = planEpoch(lengths, options, train.seed, 0)
    return { name, planned, sampled: sample(planned, lengths).map((batch) => ({ batch, runs: [] as Timing[] })) }
  }
  const plans = [
    plan(`buckets, ${train.batchPairs} pairs at most`, {
      batching: 'buckets',
      batchTokens: Number(train.batchTokens),
      maxPairs: train.batchPairs
    }),
    plan(`reference, ${train.batchPairs} pairs`, { batching: 'reference', batchSize: train.batchPairs }),
    plan('reference, 16 pairs', { batching: 'reference', batchSize: 16 })
  ]
  let step = 0
  for (let round = -1; round < ROUNDS; round++) {
    // the first round warms up
    for (let part = 0; part < SAMPLE; part++) {
      for (const { planned, sampled } of plans) {
        const { batch, runs } = sampled[part]!
        const run = await timed(() =>
          trainer.step(batchOf(batch, 0, planned.pairWeight), train.learningRate, ++step).dispose()
        )
        if (round >= 0) runs.push(run)
      }
    }
  }
  print(
    `an epoch of ${lengths.length} pairs (${data === news ? 'news-pairs' : 'demo corpus'}), sohu-tiny; ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`
  )
  print(
    `estimated: batches x mean of ${SAMPLE} batches from the shortest to the longest, each the median of ${ROUNDS} steps; alternating`
  )
  const seconds = plans.map(({ planned: { batches }, sampled }) => ({
    wall: batches.length * meanOfMedians(sampled, 'wall'),
    cpu: batches.length * meanOfMedians(sampled, 'cpu')
  }))
  plans.forEach(({ name, planned: { batches, paddingShare } }, i) => {
    const { wall, cpu } = seconds[i]!
    const ratio =
      i === 0 ? '' : `   buckets / this ${(seconds[0]!.wall / wall).toFixed(2)}, ${(seconds[0]!.cpu / cpu).toFixed(2)}`
    print(
      `${name.padEnd(26)}${String(batches.length).padStart(6)} batches  padding ${(100 * paddingShare).toFixed(1).padStart(4)} %  ${wall.toFixed(0)} s wall  ${cpu.toFixed(0)} s CPU${ratio}`
    )
  })
  print('budget: buckets / reference <= 0.5; F1 over three seeds: npx sohu-train study --study batching\n')
  await printEvaluation(trainer.model, prepared.pairs.valid, ROUNDS)
}

const folder = await mkdtemp(join(tmpdir(), 'epoch-bench-'))
try {
  await main(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}
