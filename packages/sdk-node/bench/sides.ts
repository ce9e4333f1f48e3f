import { AutoModelForSequenceClassification, env, Tensor as PeerTensor } from '@huggingface/transformers'
import { BATCH_LIMITS, graphInputs, padBatch, pickBatch, type Batch, type Matcher } from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { BenchPair } from './pairs'

/** One way to score pairs under task 0. */
export interface Side {
  readonly name: string
  /** True for the same graph in the same onnxruntime as the raw session: a single pair then has the same score. */
  readonly sameKernels: boolean
  /** P(match) of each pair, in order, and the time in milliseconds. */
  score(pairs: readonly BenchPair[]): Promise<{ readonly scores: readonly number[]; readonly ms: number }>
  close(): Promise<void>
}

/** A side in this process. */
function side(
  name: string,
  sameKernels: boolean,
  score: (pairs: readonly BenchPair[]) => Promise<number[]>,
  close: () => Promise<unknown>
): Side {
  return {
    name,
    sameKernels,
    async score(pairs) {
      const start = performance.now()
      const scores = await score(pairs)
      return { scores, ms: performance.now() - start }
    },
    close: async () => void (await close())
  }
}

/** P(match) of each row of logits [rows, 2]. */
function scoresOf(logits: Float32Array): number[] {
  return Array.from(
    { length: logits.length / 2 },
    (_, row) => 1 / (1 + Math.exp(logits[2 * row]! - logits[2 * row + 1]!))
  )
}

/** The SDK, from texts. */
export function sdkSide(name: string, matcher: Matcher): Side {
  const score = async (pairs: readonly BenchPair[]): Promise<number[]> =>
    (await matcher.matchMany(pairs.map(({ a, b }) => ({ a, b, task: 'A-ss' })))).map((result) => result.score)
  return side(name, true, score, () => matcher.dispose())
}

const sequenceOf = ({ ready }: BenchPair) => ({ ...ready, taskId: 0 })

/**
 * A raw session on token ids, in this thread: pair by pair, or in the SDK's batches. Threads: onnxruntime's default.
 */
export async function rawSide(
  name: string,
  graph: string,
  threads: number | undefined,
  batched: boolean
): Promise<Side> {
  const session = await InferenceSession.create(graph, {
    logSeverityLevel: 3,
    ...(threads && { intraOpNumThreads: threads })
  })
  async function run(batch: Batch): Promise<number[]> {
    const { logits } = await session.run(graphInputs(batch, (ids, dims) => new Tensor('int32', ids, dims)))
    return scoresOf(logits!.data as Float32Array)
  }
  async function oneByOne(pairs: readonly BenchPair[]): Promise<number[]> {
    const scores: number[] = []
    for (const pair of pairs) scores.push(...(await run(padBatch([sequenceOf(pair)]))))
    return scores
  }
  async function inBatches(pairs: readonly BenchPair[]): Promise<number[]> {
    const order = byLength(pairs)
    const scores: number[] = []
    while (order.length > 0) {
      const [, to] = pickBatch(
        order.map((i) => pairs[i]!.ready.tokenIds.length),
        0,
        BATCH_LIMITS.cpu
      )
      const taken = order.splice(0, to)
      const found = await run(padBatch(taken.map((i) => sequenceOf(pairs[i]!))))
      taken.forEach((i, row) => {
        scores[i] = found[row]!
      })
    }
    return scores
  }
  return side(name, true, batched ? inBatches : oneByOne, () => session.release())
}

/** Batch size of Hugging Face's library and of the Python script. */
const PEER_BATCH = 32

/** Hugging Face's library on the graph of one task, in this thread, on token ids sorted by length: it has no jieba. */
export async function transformersSide(parent: string, threads: number): Promise<Side> {
  env.allowRemoteModels = false
  env.localModelPath = parent
  const model = await AutoModelForSequenceClassification.from_pretrained('task', {
    device: 'cpu',
    dtype: 'int8',
    local_files_only: true,
    session_options: { intraOpNumThreads: threads, logSeverityLevel: 3 }
  })
  const score = async (pairs: readonly BenchPair[]): Promise<number[]> => {
    const order = byLength(pairs)
    const scores: number[] = []
    for (let at = 0; at < order.length; at += PEER_BATCH) {
      const taken = order.slice(at, at + PEER_BATCH)
      const { batch, seq, tokenIds, segmentIds } = padBatch(taken.map((i) => sequenceOf(pairs[i]!)))
      const input = (ids: Int32Array): PeerTensor =>
        new PeerTensor('int64', BigInt64Array.from(ids, BigInt), [batch, seq])
      const { logits } = (await model({
        input_ids: input(tokenIds),
        token_type_ids: input(segmentIds),
        attention_mask: input(tokenIds.map((id) => Number(id !== 0)))
      })) as { logits: PeerTensor }
      const found = scoresOf(logits.data as Float32Array)
      taken.forEach((i, row) => {
        scores[i] = found[row]!
      })
    }
    return scores
  }
  return side('transformers.js, ready token ids', false, score, () => model.dispose())
}

function byLength(pairs: readonly BenchPair[]): number[] {
  return pairs
    .map((_, i) => i)
    .sort((one, other) => pairs[one]!.ready.tokenIds.length - pairs[other]!.ready.tokenIds.length)
}
