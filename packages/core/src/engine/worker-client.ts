import { MatcherError } from '../errors'
import type { Engine } from './engine'
import type { LoadProgress } from '../matcher/types'
import { buffersOf, failureToError, type PostMessage, type WorkerReply, type WorkerRequest } from './worker-messages'

/** An `Engine` whose methods are messages to one worker. */
export interface WorkerClient<Load, Info> extends Omit<Engine, 'health'> {
  /** Loads tokenizer and session; resolves with the worker's info, rejects with errors of `onProgress`. */
  load(options: Load, onProgress?: (progress: LoadProgress) => void): Promise<Info>
  /** Handles a message from the worker. */
  receive(reply: WorkerReply<Info>): void
  /** Rejects pending and later requests: the worker is gone. */
  fail(error: MatcherError): void
}

interface Waiting<Info> {
  readonly resolve: (reply: WorkerReply<Info>) => void
  readonly reject: (error: unknown) => void
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

type WithoutId<R> = R extends unknown ? Omit<R, 'id'> : never

export function createWorkerClient<Load, Info>(post: PostMessage<WorkerRequest<Load>>): WorkerClient<Load, Info> {
  const waiting = new Map<number, Waiting<Info>>()
  let nextId = 0
  let failure: MatcherError | undefined

  function ask<K extends WorkerReply<Info>['type']>(
    request: WithoutId<WorkerRequest<Load>> & { type: K },
    transfer: ArrayBuffer[] = [],
    onProgress?: (progress: LoadProgress) => void
  ): Promise<Extract<WorkerReply<Info>, { type: K }>> {
    if (failure) return Promise.reject(failure)
    const id = nextId++
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve: resolve as Waiting<Info>['resolve'], reject, onProgress })
      post({ ...request, id } as WorkerRequest<Load>, transfer)
    })
  }

  /** An error of the listener rejects its own request. */
  function report({ id, progress }: WorkerReply<Info> & { type: 'progress' }, entry: Waiting<Info> | undefined): void {
    try {
      entry?.onProgress?.(progress)
    } catch (error) {
      waiting.delete(id)
      entry?.reject(error)
    }
  }

  return {
    load: async (options, onProgress) => (await ask({ type: 'load', options }, [], onProgress)).info,
    encode: async (pairs, policy) => (await ask({ type: 'encode', pairs, policy })).pairs,
    encodeAndRun: async (pairs, policy, limits) => (await ask({ type: 'encodeAndRun', pairs, policy, limits })).result,
    run: async (batch) =>
      (await ask({ type: 'run', batch }, buffersOf([batch.tokenIds, batch.segmentIds, batch.taskIds]))).outputs,
    dispose: async () => void (await ask({ type: 'dispose' })),
    receive(reply) {
      const entry = waiting.get(reply.id)
      if (reply.type === 'progress') return report(reply, entry)
      waiting.delete(reply.id)
      if (reply.type === 'error') entry?.reject(failureToError(reply.error))
      else entry?.resolve(reply)
    },
    fail(error) {
      failure = error
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    }
  }
}
