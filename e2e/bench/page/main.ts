import { AutoModelForSequenceClassification, env, Tensor } from '@huggingface/transformers'
import * as sdk from '@sohu-match/sdk-web'

/** What is timed in each round, in this order: after the peer, a match finds the worker asleep, as in a quiet page. */
const TIMED = ['peer', 'match', 'message', 'encode', 'run'] as const

/** Milliseconds of one pair, round by round. */
export interface Latencies {
  readonly tokens: number
  readonly threads: number
  /**
   * `match` of this package and the peer's call; then replies of the matcher's worker to an empty request (`message`),
   * to the texts (`encode`) and to their token ids (`run`), each with one message there and one back.
   */
  readonly times: Readonly<Record<(typeof TIMED)[number], readonly number[]>>
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
  let worker!: Worker
  const start = (): Worker => (worker = new Worker('/pkg/worker.js', { type: 'module' }))
  const matcher = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'int8', worker: start })
  const { threads } = matcher.info
  const { tokenCount } = await matcher.match(a, b, 'A-ss')
  const peer = await openPeer(threads, tokenCount)
  const ask = (request: object) => askWorker(worker, request)
  const encode = { type: 'encode', policy: { maxLength: 512, truncation: 'longest-first' } }
  const [{ tokenIds, segmentIds }] = (await ask({ ...encode, pairs: [{ a, b }] })).pairs!
  const batch = { batch: 1, seq: tokenCount, tokenIds, segmentIds, taskIds: new Int32Array(1) }
  const work: Record<(typeof TIMED)[number], () => Promise<unknown>> = {
    match: () => matcher.match(a, b, 'A-ss'),
    peer,
    message: () => ask({ ...encode, pairs: [] }),
    encode: () => ask({ ...encode, pairs: [{ a, b }] }),
    run: () => ask({ type: 'run', batch })
  }
  const times = { peer: [], match: [], message: [], encode: [], run: [] } as Record<(typeof TIMED)[number], number[]>
  for (let round = 0; round < runs + 5; round++)
    for (const name of TIMED) {
      const started = performance.now()
      await work[name]()
      if (round >= 5) times[name].push(performance.now() - started)
    }
  await matcher.dispose()
  return { tokens: tokenCount, threads, times }
}

/** The peer's call on a sequence of `tokens` tokens. */
async function openPeer(threads: number, tokens: number): Promise<() => Promise<unknown>> {
  env.backends.onnx.wasm!.numThreads = threads
  const model = await AutoModelForSequenceClassification.from_pretrained('task', {
    device: 'wasm',
    dtype: 'int8',
    local_files_only: true
  })
  const ids = (value: (index: number) => number) =>
    new Tensor(
      'int64',
      BigInt64Array.from({ length: tokens }, (_, i) => BigInt(value(i))),
      [1, tokens]
    )
  const inputs = {
    input_ids: ids((i) => 5 + (i % 200)),
    token_type_ids: ids((i) => Number(2 * i > tokens)),
    attention_mask: ids(() => 1)
  }
  return () => model(inputs)
}

/** A reply of the worker. */
interface Reply {
  readonly id: number
  readonly type: string
  readonly pairs?: [{ readonly tokenIds: Int32Array; readonly segmentIds: Int32Array }]
}

let asked = 0

/** Sends a request past the matcher, with an id that the matcher never uses. */
function askWorker(worker: Worker, request: object): Promise<Reply> {
  const id = --asked
  return new Promise((resolve, reject) => {
    const receive = ({ data }: MessageEvent<Reply>): void => {
      if (data.id !== id) return
      worker.removeEventListener('message', receive)
      if (data.type === 'error') reject(new Error(JSON.stringify(data)))
      else resolve(data)
    }
    worker.addEventListener('message', receive)
    worker.postMessage({ ...request, id })
  })
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
