import { MatcherError, type Engine, type LoadProgress } from '@sohu-match/core'
import { watchRequests, type Lane, type Requests } from './abandoned'
import { createRefill } from './refill'
import type { NodeLoad, NodeLoaded } from './worker-load'
import { startWorkerThread, type OpenThread, type WorkerThread } from './worker-thread'

export interface PoolOptions {
  readonly openThread: OpenThread
  readonly workers: number
  /** Reads and verifies the model: once for the first workers, and again for each replacement. */
  readonly load: () => Promise<NodeLoad>
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Milliseconds before start `attempt` (from 1) after repeated crashes. Default: 1,000, doubling, at most 30,000. */
  readonly delay?: ((attempt: number) => number) | undefined
  /** Milliseconds that a worker may spend on work that no call waits for, before it is ended. Default: 10,000. */
  readonly abandonAfter?: number | undefined
}

/** An engine over worker threads, with the first one's report. */
export interface Pool extends Engine {
  readonly loaded: NodeLoaded
}

/** Milliseconds that a worker may spend on work that no call waits for. */
const ABANDON_AFTER = 10_000

/** Milliseconds that `dispose` waits for current work. */
const DISPOSE_LIMIT = 5_000

/**
 * Starts workers and waits until all have loaded. When a worker ends, its calls reject with `inference-failed` and it
 * is replaced: at once at first, with growing pauses after repeated crashes. Meanwhile calls go to the other workers,
 * wait for one that is starting, or are rejected during a pause. Throws the errors of loading, or the signal's reason.
 */
export async function startPool(options: PoolOptions): Promise<Pool> {
  const workers = new Set<WorkerThread>()
  const requests = new WeakMap<WorkerThread, Requests>()
  let closing = false
  let loading = options.workers // first workers that have not finished loading
  const refill = createRefill({
    isShort: () => workers.size + loading < options.workers,
    // without signal and progress, which belong to the first start
    start: () => options.load().then((load) => start({ openThread: options.openThread, load })),
    delay: options.delay ?? defaultDelay
  })

  function onEnd(worker: WorkerThread, error: MatcherError): void {
    if (workers.delete(worker) && !closing) refill.ended(error)
  }

  async function start(worker: Parameters<typeof startWorkerThread>[0]): Promise<NodeLoaded> {
    const started = await startWorkerThread(worker, onEnd)
    workers.add(started)
    requests.set(
      started,
      watchRequests(options.abandonAfter ?? ABANDON_AFTER, () => evict(started))
    )
    if (closing) void started.end()
    return started.loaded
  }

  /** Passes work to the least busy worker, or to the next one that is ready. */
  async function give<R>(
    lanes: readonly Lane[],
    abandoned: AbortSignal | undefined,
    work: (client: WorkerThread['client']) => Promise<R>
  ): Promise<R> {
    while (workers.size === 0 && refill.starting) await refill.starting.catch(() => undefined) // `failure` has the error
    const [worker] = [...workers].sort((one, other) => one.busy - other.busy)
    if (!worker)
      throw refill.failure ?? new MatcherError('inference-failed', 'No worker is left; create a new matcher.')
    const answered = requests.get(worker)!.add(lanes, abandoned)
    worker.busy++
    try {
      const answer = await work(worker.client)
      refill.answered()
      if (workers.size === options.workers) refill.failure = undefined
      return answer
    } finally {
      worker.busy--
      answered()
    }
  }

  /** Ends a worker that does not finish its work. */
  function evict(worker: WorkerThread): void {
    const error = new MatcherError(
      'inference-failed',
      'A worker did not finish its work long after every call for it had given up, and was ended; its other calls are lost, try them again.'
    )
    onEnd(worker, error)
    worker.client.fail(error)
    void worker.end()
  }

  async function close(): Promise<void> {
    closing = true
    refill.close()
    await refill.starting?.catch(() => undefined)
    await Promise.all([...workers].map(endWorker))
    workers.clear()
  }

  async function startFirstWorkers(): Promise<NodeLoaded> {
    const load = await options.load()
    const starts = await Promise.allSettled(
      Array.from({ length: options.workers }, () => start({ ...options, load }).finally(() => loading--))
    )
    const refused = starts.find((one) => one.status === 'rejected')
    if (refused) throw refused.reason // a signal's reason may be any value, including null
    if (workers.size < options.workers && !closing) refill.begin()
    return (starts[0] as PromiseFulfilledResult<NodeLoaded>).value
  }

  const loaded = await startFirstWorkers().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return {
    loaded,
    encode: (pairs, policy, abandoned) => give(['encode'], abandoned, (client) => client.encode(pairs, policy)),
    encodeAndRun: (pairs, policy, limits, abandoned) =>
      give(['encode', 'run'], abandoned, (client) => client.encodeAndRun(pairs, policy, limits)),
    run: (batch, abandoned) => give(['run'], abandoned, (client) => client.run(batch)),
    health: () => ({
      workers: closing ? 0 : workers.size,
      crashes: refill.crashes,
      failure: workers.size < options.workers ? refill.failure?.message : undefined
    }),
    dispose: close
  }
}

/** Lets a worker finish its work within the limit of `dispose`. */
async function endWorker(worker: WorkerThread): Promise<void> {
  const disposed = worker.client
    .dispose()
    .catch(() => undefined) // it ends either way
    .then(() => worker.end())
  if (await withinLimit(disposed)) return
  worker.client.fail(new MatcherError('disposed', 'This matcher was disposed; create a new one.'))
  await withinLimit(worker.end())
}

/** True if work ends within the limit of `dispose`. */
async function withinLimit(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), DISPOSE_LIMIT)
  })
  const inTime = await Promise.race([work.then(() => true), limit])
  clearTimeout(timer)
  return inTime
}

function defaultDelay(attempt: number): number {
  return Math.min(30_000, 1_000 * 2 ** (attempt - 1))
}
