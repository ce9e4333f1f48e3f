/**
 * sdk-node against its peers on the same graph and the same pairs, in one run, the sides in turn:
 * npm run bench -w packages/sdk-node -- [--model DIR] [--dtype int8] [--pairs 2000] [--runs 50] [--json]
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseManifest, type Dtype } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import { compareMixed, compareSingle, residentMegabytes, type MixedReport, type SingleReport } from './compare'
import { createPairMaker, SENTENCES } from './pairs'
import { pythonSide } from './python-side'
import { describeRank, measureRank } from './rank'
import { rawSide, sdkSide, transformersSide, type Side } from './sides'
import { smallModel } from './small-model'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    dtype: { type: 'string', default: 'int8' },
    pairs: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '50' },
    json: { type: 'boolean', default: false }
  }
})
/** The package's folder: the bundled script runs from dist/bench. */
const root = join(import.meta.dirname, '../..')
const print = (text: string): void => void (values.json || console.log(text))

const made = values.model === undefined ? smallModel(join(root, '../..')) : undefined
const folder = made?.folder ?? userPath(values.model!)
const dtype = values.dtype as Dtype
const manifest = parseManifest(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))
const graph = join(folder, manifest.graphs[dtype]!.file)
const { createMatcher } = (await import(new URL('../index.js', import.meta.url).href)) as typeof import('../src/index')
const matcher = await createMatcher({ model: folder, device: 'cpu', dtype })
const { threads } = matcher.info
const processors = availableParallelism()

const raw = await rawSide('raw session, one by one', graph, threads, false)
const sdk = sdkSide('sdk-node', matcher)
const peers = [
  await pythonSide(join(root, 'bench'), [
    graph,
    join(folder, manifest.tokenizer.vocab),
    String(manifest.maxLength),
    String(threads)
  ]),
  made
    ? await transformersSide(made.taskParent, threads)
    : "transformers.js: its graph of one task is made with the bench's own model only; leave out --model"
]
const found = peers.filter((peer): peer is Side => typeof peer !== 'string')
const skipped = peers.filter((peer) => typeof peer === 'string')

const busy = loadavg()[0]! > 0.5
const machine = `${cpus()[0]?.model.trim()}, ${processors} processors, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)} before the run`
print(`${manifest.name}, ${dtype}, ${threads} thread(s) for every side unless named otherwise; ${machine}`)
if (busy) print('Other programs use this machine: the figures are provisional.')
for (const reason of skipped) print(`skipped: ${reason}`)

const pairs = createPairMaker(folder, manifest)
const single: SingleReport[] = []
for (const tokens of [32, 128, 256]) {
  const report = await compareSingle([raw, sdk, ...found], pairs.ofTokens(tokens), Number(values.runs))
  single.push(report)
  print(
    `one pair of ${report.tokens} tokens, p50 of ${values.runs}, against the raw session (reach at 128 for sdk-node: 1.05)`
  )
  for (const { name, ms, ratio } of report.sides)
    print(`  ${name.padEnd(42)} ${ms.toFixed(2).padStart(8)} ms     ${ratio.toFixed(3)} x`)
}

const more = [
  await rawSide("raw session, onnxruntime's own threads", graph, undefined, false),
  await rawSide('raw session, sorted batches: what these can give', graph, threads, true),
  sdkSide(
    `sdk-node, ${processors} workers of 1 thread`,
    await createMatcher({ model: folder, device: 'cpu', dtype, workers: processors, threads: 1 })
  )
]
const mixed: MixedReport = await compareMixed([raw, sdk, ...more, ...found], pairs.mixed(Number(values.pairs)))
print(
  `${mixed.pairs} pairs of mixed length, ${mixed.tokens.toFixed(0)} tokens in the mean, ${mixed.rounds} rounds, against one by one (reach for sdk-node: 2)`
)
for (const { name, pairsPerSecond, ratio, eventLoopP99 } of mixed.sides) {
  print(
    `  ${name.padEnd(42)} ${pairsPerSecond.toFixed(1).padStart(8)} pairs/s ${ratio.toFixed(3)} x   event loop delay p99 ${eventLoopP99.toFixed(1)} ms`
  )
}
print(
  '(reach for the delay: 10 ms; the raw session and transformers.js run in the thread that is measured, Python in another process)'
)
for (const side of [raw, sdk, ...more, ...found]) await side.close()

const lives = await residentMegabytes(async () => {
  await using mortal = await createMatcher({ model: folder, device: 'cpu', dtype })
  await mortal.match(SENTENCES[0]!, SENTENCES[1]!, 'A-ss')
})
print(
  `resident memory after 5 and after 20 times create, match, dispose: ${lives.map((megabytes) => megabytes.toFixed(0)).join(' and ')} MB`
)
const rank = await measureRank(join(root, '../..'), createMatcher)
print(describeRank(rank))
if (values.json)
  console.log(
    JSON.stringify(
      {
        model: manifest.name,
        dtype,
        threads,
        machine,
        provisional: busy,
        skipped,
        single,
        mixed,
        rank,
        residentMegabytes: lives
      },
      undefined,
      2
    )
  )
