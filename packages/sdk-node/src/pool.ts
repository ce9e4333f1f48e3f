import { MatcherError, messageOf, type Engine, type LoadProgress } from '@sohu-match/core'
import { watchRequests, type Lane, type Requests } from './abandoned'
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

/** Consecutive crashes, or failed starts, that are replaced at once; after that, each start waits longer. */
const MAX_CRASHES = 3

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
  let ended = 0 // workers that ended since the last answer
  let failedStarts = 0 // starts that failed since the last success: answers of other workers say nothing about those
  let failure: MatcherError | undefined
  let closing = false
  let loading = options.workers // first workers that have not finished loading
  let refilling: Promise<void> | undefined
  let starting: Promise<unknown> | undefined
  let endPause = (): void => undefined

  const crashes = (): number => Math.max(ended, failedStarts)

  function onEnd(worker: WorkerThread, error: MatcherError): void {
    if (!workers.delete(worker) || closing) return
    ended++
    failure = error
    replace()
  }

  function replace(): void {
    refilling ??= refill().finally(() => {
      refilling = undefined
    })
  }

  async function refill(): Promise<void> {
    while (!closing && workers.size + loading < options.workers) {
      if (crashes() > MAX_CRASHES) await pause((options.delay ?? defaultDelay)(crashes() - MAX_CRASHES))
      if (closing) return
      // without signal and progress, which belong to the first start
      const attempt = options.load().then((load) => start({ openThread: options.openThread, load }))
      starting = attempt
      try {
        await attempt
        failedStarts = 0
      } catch (cause) {
        failedStarts++
        failure = new MatcherError(
          'inference-failed',
          `A worker ended and no new one could be started: ${messageOf(cause)}`,
          { cause }
        )
      }
      starting = undefined
    }
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

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Passes work to the least busy worker, or to the next one that is ready. */
  async function give<R>(
    lanes: readonly Lane[],
    abandoned: AbortSignal | undefined,
    work: (client: WorkerThread['client']) => Promise<R>
  ): Promise<R> {
    while (workers.size === 0 && starting) await starting.catch(() => undefined) // `failure` has the error
    const [worker] = [...workers].sort((one, other) => one.busy - other.busy)
    if (!worker) throw failure ?? new MatcherError('inference-failed', 'No worker is left; create a new matcher.')
    const answered = requests.get(worker)!.add(lanes, abandoned)
    worker.busy++
    try {
      const answer = await work(worker.client)
      ended = 0
      if (workers.size === options.workers) failure = undefined
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
    endPause()
    await starting?.catch(() => undefined)
    await Promise.all(
      [...workers].map(async (worker) => {
        const ended = worker.client
          .dispose()
          .catch(() => undefined) // it ends either way
          .then(() => worker.end())
        if (await withinLimit(ended)) return
        worker.client.fail(new MatcherError('disposed', 'This matcher was disposed; create a new one.'))
        await withinLimit(worker.end())
      })
    )
    workers.clear()
  }

  async function startFirstWorkers(): Promise<NodeLoaded> {
    const load = await options.load()
    const starts = await Promise.allSettled(
      Array.from({ length: options.workers }, () => start({ ...options, load }).finally(() => loading--))
    )
    const refused = starts.find((one) => one.status === 'rejected')
    if (refused) throw refused.reason // a signal's reason may be any value, including null
    if (workers.size < options.workers && !closing) replace()
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
      crashes: crashes(),
      failure: workers.size < options.workers ? failure?.message : undefined
    }),
    dispose: close
  }
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
