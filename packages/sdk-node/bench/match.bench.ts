import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createTokenizer, encodePairs, parseManifest, type EncodedPair, type Matcher } from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'

// sdk-node against a raw onnxruntime-node session on ready token ids, in one run: npm run bench -w packages/sdk-node -- [MODEL_FOLDER] [DTYPE] [PAIRS]
const [model = resolve('../../models/demo'), dtype = 'int8', count = '400'] = process.argv.slice(2)
if (!existsSync(join(model, 'manifest.json'))) throw new Error(`There is no model folder ${model}; run npm start first, or name one.`)
const { createMatcher } = (await import(new URL('../index.js', import.meta.url).href)) as typeof import('../src/index')

const SENTENCE = '今天上午记者从会议上了解到，公司将在明年推出新的产品，并与多家企业展开合作，市场反应积极。'
const manifest = parseManifest(JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8')))
const tokenizer = createTokenizer(readFileSync(join(model, 'vocab.txt'), 'utf8'), readFileSync(join(model, 'dictionary.bin')))
const graph = join(model, manifest.graphs[dtype as 'int8']!.file)
const matcher: Matcher = await createMatcher({ model, device: 'cpu', dtype: dtype as 'int8' })
const { threads } = matcher.info
const session = await InferenceSession.create(graph, { intraOpNumThreads: threads, logSeverityLevel: 3 })

const median = (values: number[]): number => [...values].sort((one, other) => one - other)[values.length >> 1]!
const encode = (a: string, b: string): EncodedPair => encodePairs(tokenizer, [{ a, b }], { maxLength: manifest.maxLength, truncation: 'longest-first' })[0]!

async function raw({ tokenIds, segmentIds }: EncodedPair): Promise<Float32Array> {
  const ids = (data: Int32Array): Tensor => new Tensor('int32', data, [1, data.length])
  const { logits } = await session.run({ token_ids: ids(tokenIds), segment_ids: ids(segmentIds), task_ids: new Tensor('int32', Int32Array.of(0), [1]) })
  return logits!.data as Float32Array
}

/** Text a and b that together make about `tokens` tokens. */
function pairOf(tokens: number): [string, string] {
  let length = 4
  while (length < 400 && encode(SENTENCE.repeat(9).slice(0, length), SENTENCE.repeat(9).slice(3, 3 + length)).tokenIds.length < tokens) length++
  return [SENTENCE.repeat(9).slice(0, length), SENTENCE.repeat(9).slice(3, 3 + length)]
}

console.log(`${manifest.name} ${dtype}, ${threads} thread(s); ${cpus()[0]?.model.trim()}, ${availableParallelism()} processors, Node ${process.versions.node}`)

for (const tokens of [32, 128, 256]) {
  const [a, b] = pairOf(tokens)
  const ready = encode(a, b)
  const times = { raw: [] as number[], sdk: [] as number[] }
  for (let run = 0; run < 70; run++) {
    let start = performance.now()
    const wanted = await raw(ready)
    if (run >= 10) times.raw.push(performance.now() - start)
    start = performance.now()
    const { logits } = await matcher.match(a, b, 'A-ss')
    if (run >= 10) times.sdk.push(performance.now() - start)
    const difference = Math.max(...logits.map((logit, i) => Math.abs(logit - wanted[i]!)))
    if (difference > 1e-6) throw new Error(`The logits differ from the raw session's by ${difference}.`)
  }
  const ratio = median(times.sdk) / median(times.raw)
  console.log(`one pair of ${ready.tokenIds.length} tokens: raw ${median(times.raw).toFixed(2)} ms, sdk ${median(times.sdk).toFixed(2)} ms, ratio ${ratio.toFixed(3)} (reach at 128: 1.05)`)
}

const pairs = Array.from({ length: Number(count) }, (_, i) => {
  const length = 6 + ((i * 7_919) % 200)
  return { a: `${i}${SENTENCE.repeat(6).slice(i % 20, (i % 20) + length)}`, b: SENTENCE.repeat(6).slice(0, length), task: 'A-ss' as const }
})
const ready = pairs.map(({ a, b }) => encode(a, b))
const rates = { raw: [] as number[], sdk: [] as number[] }
const delays = { raw: 0, sdk: 0 }
for (let round = 0; round < 3; round++) {
  for (const side of ['raw', 'sdk'] as const) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const start = performance.now()
    if (side === 'sdk') await matcher.matchMany(pairs)
    else for (const one of ready) await raw(one)
    rates[side].push((pairs.length * 1000) / (performance.now() - start))
    delay.disable()
    delays[side] = Math.max(delays[side], delay.percentile(99) / 1e6)
  }
}
console.log(`${pairs.length} pairs of mixed length: raw one by one ${median(rates.raw).toFixed(1)} pairs/s, sdk ${median(rates.sdk).toFixed(1)} pairs/s, ratio ${(median(rates.sdk) / median(rates.raw)).toFixed(2)} (reach: 2)`)
console.log(`event loop delay, p99: raw ${delays.raw.toFixed(1)} ms, sdk ${delays.sdk.toFixed(1)} ms (reach: 10)`)
await matcher.dispose()
await session.release()
