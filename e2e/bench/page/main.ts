import { AutoModelForSequenceClassification, env, Tensor } from '@huggingface/transformers'
import * as sdk from '@sohu-match/sdk-web'

/** Milliseconds of single matches of one pair, alternating between the two libraries. */
export interface Latencies {
  readonly tokens: number
  readonly threads: number
  readonly ours: readonly number[]
  readonly peer: readonly number[]
}

/** Pairs per second in each run. */
export interface Rates {
  readonly workers: number
  readonly perSecond: readonly number[]
}

declare global {
  var bench: {
    readonly sdk: typeof sdk
    compare(a: string, b: string, runs: number): Promise<Latencies>
    rates(workers: readonly number[], pairs: number, runs: number): Promise<readonly Rates[]>
  }
}

env.allowLocalModels = true
env.allowRemoteModels = false
env.localModelPath = '/hf/'
env.useBrowserCache = false
env.backends.onnx.wasm!.wasmPaths = '/ort/'

/** The peer gets token ids, since its library has no jieba. It runs on the page's thread, its default. */
async function compare(a: string, b: string, runs: number): Promise<Latencies> {
  const matcher = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'int8' })
  env.backends.onnx.wasm!.numThreads = matcher.info.threads
  const peer = await AutoModelForSequenceClassification.from_pretrained('task', {
    device: 'wasm',
    dtype: 'int8',
    local_files_only: true
  })
  const { tokenCount } = await matcher.match(a, b, 'A-ss')
  const ids = (value: (index: number) => number) =>
    new Tensor(
      'int64',
      BigInt64Array.from({ length: tokenCount }, (_, i) => BigInt(value(i))),
      [1, tokenCount]
    )
  const inputs = {
    input_ids: ids((i) => 5 + (i % 200)),
    token_type_ids: ids((i) => Number(2 * i > tokenCount)),
    attention_mask: ids(() => 1)
  }
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }
  const ours: number[] = []
  const theirs: number[] = []
  for (let run = 0; run < runs + 5; run++) {
    const mine = await time(() => matcher.match(a, b, 'A-ss'))
    const other = await time(() => peer(inputs))
    if (run >= 5) {
      ours.push(mine)
      theirs.push(other)
    }
  }
  await matcher.dispose()
  return { tokens: tokenCount, threads: matcher.info.threads, ours, peer: theirs }
}

/** Scores the same pairs with each number of workers in turn. */
async function rates(workers: readonly number[], count: number, runs: number): Promise<readonly Rates[]> {
  const pairs = Array.from({ length: count }, (_, i) => ({
    a: `第${i}条新闻说，新线路下月开通。`,
    b: `第${i}条消息说，票价按里程计算。`,
    task: 'A-ss' as const
  }))
  const found = workers.map((workers) => ({ workers, perSecond: [] as number[] }))
  for (let run = 0; run < runs + 1; run++)
    for (const { workers, perSecond } of found) {
      const matcher = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'int8', workers })
      await matcher.matchMany(pairs.slice(0, 8 * workers))
      const start = performance.now()
      await matcher.matchMany(pairs)
      if (run > 0) perSecond.push((1000 * count) / (performance.now() - start))
      await matcher.dispose()
    }
  return found
}

globalThis.bench = { sdk, compare, rates }
