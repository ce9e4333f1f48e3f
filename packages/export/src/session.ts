import { MatcherError, type EncodedBatch, type ParityBatch } from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** A graph file that runs: logits [size, 2], row-major, of a batch. */
export interface GraphRunner {
  run(batch: EncodedBatch): Promise<Float32Array>
  release(): Promise<void>
}

/** Only errors: this runtime warns of every optional provider that it lacks. */
const LOG_ERRORS_ONLY = 3

/** Loads a graph of all tasks with onnxruntime-node, on the CPU unless `options` say otherwise. Throws `inference-failed`. */
export async function openGraph(path: string, options: InferenceSession.SessionOptions = {}): Promise<GraphRunner> {
  const session = await failing(`${path} does not load`, () => InferenceSession.create(path, { logSeverityLevel: LOG_ERRORS_ONLY, ...options }))
  return {
    run: (batch) => failing(`${path} does not run`, async () => {
      const ids = (data: Int32Array) => new Tensor('int32', data, [batch.size, batch.length])
      const { logits } = await session.run({
        token_ids: ids(batch.tokenIds), segment_ids: ids(batch.segmentIds), task_ids: new Tensor('int32', batch.taskIds, [batch.size])
      })
      return logits!.data as Float32Array
    }),
    release: () => session.release()
  }
}

/** A parity batch as graphs take it. */
export function parityInputs(batch: ParityBatch): EncodedBatch {
  return {
    size: batch.tokenIds.length, length: batch.tokenIds[0]!.length, taskIds: Int32Array.from(batch.taskIds),
    tokenIds: Int32Array.from(batch.tokenIds.flat()), segmentIds: Int32Array.from(batch.segmentIds.flat())
  }
}

async function failing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new MatcherError('inference-failed', `${what} in ONNX Runtime: ${(cause as Error).message}`, { cause })
  }
}
