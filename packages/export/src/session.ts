import { graphInputs, MatcherError, type Batch, type ParityBatch } from '@sohu-match/core'
import { withholdTelemetry } from '@sohu-match/node'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** A loaded graph: returns logits [batch, width], or a bi-encoder's vectors [batch, hidden], row-major. */
export interface GraphRunner {
  run(batch: Batch): Promise<Float32Array>
  release(): Promise<void>
}

/** Opens a graph file with onnxruntime-node, on the CPU by default. */
export type OpenGraph = (path: string, options?: InferenceSession.SessionOptions) => Promise<GraphRunner>

/** The runtime warns about every optional provider that is missing. */
const LOG_ERRORS_ONLY = 3

/** Throws `inference-failed`. */
export const openGraph: OpenGraph = (path, options) =>
  open(path, options, (batch) => graphInputs(batch, (ids, dims) => new Tensor('int32', ids, dims)))

/** For Hugging Face's inputs; ignores task ids. Throws `inference-failed`. */
export const openTaskGraph: OpenGraph = (path, options) =>
  open(path, options, (batch) => {
    const ids = (data: Int32Array) => new Tensor('int64', BigInt64Array.from(data, BigInt), [batch.batch, batch.seq])
    const mask = batch.tokenIds.map((id, index) => (id !== 0 || index % batch.seq === 0 ? 1 : 0))
    return { input_ids: ids(batch.tokenIds), attention_mask: ids(mask), token_type_ids: ids(batch.segmentIds) }
  })

async function open(
  path: string,
  options: InferenceSession.SessionOptions | undefined,
  feeds: (batch: Batch) => Record<string, Tensor>
): Promise<GraphRunner> {
  withholdTelemetry()
  const session = await failing(`${path} does not load`, () =>
    InferenceSession.create(path, { logSeverityLevel: LOG_ERRORS_ONLY, ...options })
  )
  return {
    run: (batch) =>
      failing(
        `${path} does not run`,
        async () => (await session.run(feeds(batch)))[session.outputNames[0]!]!.data as Float32Array
      ),
    release: () => session.release()
  }
}

export function parityInputs(batch: ParityBatch): Batch {
  return {
    batch: batch.tokenIds.length,
    seq: batch.tokenIds[0]!.length,
    taskIds: Int32Array.from(batch.taskIds),
    tokenIds: Int32Array.from(batch.tokenIds.flat()),
    segmentIds: Int32Array.from(batch.segmentIds.flat())
  }
}

async function failing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new MatcherError('inference-failed', `${what} in ONNX Runtime: ${(cause as Error).message}`, { cause })
  }
}
