import { Worker } from 'node:worker_threads'
import {
  createWorkerClient,
  MatcherError,
  type Engine,
  type LoadProgress,
  type WorkerClient,
  type WorkerReply
} from '@sohu-match/core'
import type { NodeLoad, NodeLoaded } from './worker-load'

/** How a pool starts its workers. */
export interface PoolOptions {
  /** The worker's module. */
  readonly script: URL
  readonly workers: number
  readonly load: NodeLoad
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/** An engine over worker threads, with what the first of them found out. */
export interface Pool extends Engine {
  readonly loaded: NodeLoaded
}

/** One worker: its thread, its client, and how many requests it is at. */
interface Slot {
  readonly thread: Worker
  readonly client: WorkerClient<NodeLoad, NodeLoaded>
  readonly loaded: NodeLoaded
  busy: number
}

/** Workers that end one after the other without an answer in between; then the model is at fault, and none is started any more. */
const MAX_CRASHES = 3

/**
 * Starts workers and waits until all have loaded. A worker that ends rejects its calls with `inference-failed`, and another takes its
 * place; calls that come meanwhile go to the others or wait. Throws what loading throws, or the signal's reason.
 */
export async function startPool(options: PoolOptions): Promise<Pool> {
  const slots = new Set<Slot>()
  let crashes = 0
  let closing = false
  let replacing: Promise<void> = Promise.resolve()
  let failure: MatcherError | undefined

  function onEnd(slot: Slot, error: MatcherError): void {
    slots.delete(slot)
    if (closing) return
    if (++crashes > MAX_CRASHES) failure = error
    else {
      replacing = replacing
        .then(async () => {
          if (!closing) add(await startSlot({ ...options, signal: undefined, onProgress: undefined }, onEnd)) // they watch over the pool's own loading
        })
        .catch((cause: unknown) => {
          failure = new MatcherError(
            'inference-failed',
            `A worker ended and no new one could be started: ${(cause as Error).message}`,
            { cause }
          )
        })
    }
  }

  function add(slot: Slot): void {
    slots.add(slot)
    if (closing) void slot.thread.terminate()
  }

  /** Gives work to the worker with the least, or to the next one that is ready. */
  async function give<R>(work: (client: Slot['client']) => Promise<R>): Promise<R> {
    if (slots.size === 0) await replacing
    const slot = [...slots].reduce<Slot | undefined>(
      (least, one) => (least && least.busy <= one.busy ? least : one),
      undefined
    )
    if (!slot) throw failure ?? new MatcherError('inference-failed', 'No worker is left; create a new matcher.')
    slot.busy++
    try {
      const answer = await work(slot.client)
      crashes = 0
      return answer
    } finally {
      slot.busy--
    }
  }

  async function close(): Promise<void> {
    closing = true
    await replacing
    await Promise.all(
      [...slots].map(async ({ client, thread }) => {
        await client.dispose().catch(() => undefined) // it ends either way
        await thread.terminate()
      })
    )
  }

  try {
    const starts = await Promise.allSettled(Array.from({ length: options.workers }, () => startSlot(options, onEnd)))
    for (const start of starts) if (start.status === 'fulfilled') add(start.value)
    const refused = starts.find((start) => start.status === 'rejected')
    if (refused) throw refused.reason // a signal's may be any value, null too
    if (failure) throw failure
  } catch (error) {
    await close()
    throw error
  }
  return {
    loaded: [...slots][0]!.loaded,
    encode: (pairs, policy) => give((client) => client.encode(pairs, policy)),
    encodeAndRun: (pairs, policy, limits) => give((client) => client.encodeAndRun(pairs, policy, limits)),
    run: (batch) => give((client) => client.run(batch)),
    health: () => ({ workers: slots.size, crashes, failure: failure?.message }),
    dispose: close
  }
}

/** Starts one worker and loads the model in it; `onEnd` is called if it ends after that without being told to. */
async function startSlot(
  { script, load, signal, onProgress }: PoolOptions,
  onEnd: (slot: Slot, error: MatcherError) => void
): Promise<Slot> {
  signal?.throwIfAborted()
  const thread = new Worker(script, { name: 'sohu-match', execArgv: [] }) // flags of the program itself (--input-type, --require) are not for it
  const client = createWorkerClient<NodeLoad, NodeLoaded>((message, transfer) => thread.postMessage(message, transfer))
  let slot: Slot | undefined
  let crash: Error | undefined
  thread.on('message', (reply: WorkerReply<NodeLoaded>) => client.receive(reply))
  thread.on('error', (error: Error) => {
    crash = error
  })
  thread.on('exit', (code) => {
    const error = new MatcherError(
      'inference-failed',
      `A worker thread ended (${crash?.message ?? `exit code ${code}`}); its calls are lost, try them again.`,
      { cause: crash }
    )
    client.fail(error)
    if (slot) onEnd(slot, error)
  })
  const loading = client.load(load, (progress) => {
    if (!signal?.aborted) onProgress?.(progress)
  })
  try {
    slot = { thread, client, loaded: await unlessAborted(loading, signal), busy: 0 }
    return slot
  } catch (error) {
    // not before its load has ended: a thread that is terminated while the runtime opens a session takes the process with it
    const ended = loading
      .then(() => client.dispose())
      .catch(() => undefined)
      .then(() => thread.terminate())
    if (!signal?.aborted) await ended // only an abort is not to wait for it
    throw error
  }
}

/** The result of `work`, or the signal's reason as soon as it is aborted. */
function unlessAborted<R>(work: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
