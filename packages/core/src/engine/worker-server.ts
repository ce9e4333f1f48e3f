import { fitOneBatch, padBatch } from './batch'
import { encodePairs } from './encode'
import type { Batch } from './engine'
import { MatcherError } from '../errors'
import type { LoadProgress } from '../matcher/types'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { buffersOf, failureOf, type PostMessage, type WorkerReply, type WorkerRequest } from './worker-messages'

/** A loaded worker. */
export interface WorkerRuntime<Info> {
  readonly info: Info
  readonly tokenizer: Pick<Tokenizer, 'ids' | 'vocab'>
  /** Logits [batch, 2] or vectors [batch, hidden], row-major, in a buffer of their own, which is transferred. */
  run(batch: Batch): Promise<Float32Array>
  dispose(): Promise<void>
}

/**
 * Returns the worker's message handler. `load` provides tokenizer and session. Batches run one after another, whatever
 * the runtime allows; every request gets one reply.
 */
export function createWorkerServer<Load, Info>(
  post: PostMessage<WorkerReply<Info>>,
  load: (options: Load, onProgress: (progress: LoadProgress) => void) => Promise<WorkerRuntime<Info>>
): (request: WorkerRequest<Load>) => Promise<void> {
  let runtime: WorkerRuntime<Info> | undefined
  let last: Promise<unknown> = Promise.resolve()
  const loaded = (): WorkerRuntime<Info> => {
    if (!runtime) throw new MatcherError('disposed', 'This worker holds no model; create a new matcher.')
    return runtime
  }

  function runInTurn(batch: Batch): Promise<Float32Array> {
    const run = last.then(() => loaded().run(batch))
    last = run.catch(() => undefined) // the next batch runs even if this one failed
    return run
  }

  async function answer(request: WorkerRequest<Load>): Promise<void> {
    const { id, type } = request
    switch (type) {
      case 'load':
        runtime = await load(request.options, (progress) => post({ type: 'progress', id, progress }, []))
        return post({ type, id, info: runtime.info }, [])
      case 'encode': {
        const pairs = encodePairs(loaded().tokenizer, request.pairs, request.policy)
        return post({ type, id, pairs }, buffersOf(pairs.map((pair) => pair.tokenIds)))
      }
      case 'encodeAndRun': {
        const pairs = encodePairs(loaded().tokenizer, request.pairs, request.policy)
        const lengths = pairs.map(({ tokenIds }) => tokenIds.length)
        const batch = (): Batch => padBatch(pairs.map((one) => ({ ...one, taskId: request.pairs[one.pair]!.taskId })))
        const outputs = fitOneBatch(lengths, request.limits) ? await runInTurn(batch()) : undefined
        const arrays = [...pairs.map((pair) => pair.tokenIds), ...(outputs ? [outputs] : [])]
        return post({ type, id, result: { pairs, outputs } }, buffersOf(arrays))
      }
      case 'run': {
        const outputs = await runInTurn(request.batch)
        return post({ type, id, outputs }, buffersOf([outputs]))
      }
      case 'dispose':
        await last
        await runtime?.dispose()
        runtime = undefined
        return post({ type, id }, [])
    }
  }

  return async (request) => {
    try {
      await answer(request)
    } catch (error) {
      const code = request.type === 'load' ? 'device-unavailable' : 'inference-failed'
      post({ type: 'error', id: request.id, error: failureOf(error, code) }, [])
    }
  }
}
