import { MatcherError, type DeviceReason, type Batch, type Engine } from '@sohu-match/core'
import type { WebDevice, WebLoaded } from './messages'
import type { LoadedWorker } from './start-worker'

/** An engine over the workers of one device, with the first one's report. */
export interface WebEngine extends Engine {
  readonly current: {
    readonly device: WebDevice
    readonly loaded: WebLoaded
    readonly reasons: readonly DeviceReason[]
    readonly workers: number
  }
}

/**
 * Work goes to the least busy living worker. When a WebGPU device is lost, `move` starts a worker elsewhere, once, and
 * repeats the running work there; without `move`, or the second time, calls reject with `device-lost`.
 */
export function createWebEngine(
  first: readonly LoadedWorker[],
  reasons: readonly DeviceReason[],
  move: (() => Promise<LoadedWorker>) | undefined
): WebEngine {
  let active = first
  let current = describe(first, reasons)
  let moving: Promise<void> | undefined
  let disposed = false
  const busy = new Map<LoadedWorker, number>()

  async function moveOn(left: LoadedWorker, loss: MatcherError): Promise<void> {
    const next = await move!()
    active = [next]
    const failed = { device: left.load.device, taken: false, reason: loss.message }
    const taken = { device: next.load.device, taken: true, reason: next.loaded.deviceReason }
    current = describe(active, [...reasons.filter((one) => !one.taken && one.device !== taken.device), failed, taken])
    if (disposed) end()
  }

  async function attempt<T>(work: (worker: LoadedWorker) => Promise<T>): Promise<T> {
    const worker = leastBusy(active, busy)
    busy.set(worker, busyOf(busy, worker) + 1)
    try {
      return await work(worker)
    } catch (error) {
      if (disposed || !(error instanceof MatcherError && error.code === 'device-lost')) throw error
      if (!worker.failure()) worker.end(error) // its device is lost for good
      if (!move || !first.includes(worker)) throw error
      moving ??= moveOn(worker, error).catch((cause: unknown) => {
        moving = undefined // the next call tries again
        throw cause
      })
      await moving
      return work(active[0]!)
    } finally {
      busy.set(worker, busyOf(busy, worker) - 1)
    }
  }

  const end = (): void =>
    active.forEach((worker) => worker.end(new MatcherError('disposed', 'This matcher is disposed; create a new one.')))

  return {
    get current() {
      return current
    },
    encode: (pairs, policy) => attempt(({ client }) => client.encode(pairs, policy)),
    encodeAndRun: (pairs, policy, limits) => attempt(({ client }) => client.encodeAndRun(pairs, policy, limits)),
    // arrays are transferred; while the batch may have to run again elsewhere, as a copy
    run: (batch) => attempt(({ client }) => client.run(move && active === first ? copyOf(batch) : batch)),
    health() {
      const failures = active.map((worker) => worker.failure()).filter((failure) => failure !== undefined)
      const workers = active.length - failures.length
      if (failures.length === 0) return { workers, crashes: 0 }
      return { workers, crashes: disposed ? 0 : failures.length, failure: failures[0]!.message }
    },
    async dispose() {
      disposed = true
      end()
    }
  }
}

function describe(workers: readonly LoadedWorker[], reasons: readonly DeviceReason[]): WebEngine['current'] {
  const [{ load, loaded }] = workers as readonly [LoadedWorker]
  return { device: load.device, loaded, reasons, workers: workers.length }
}

const busyOf = (busy: ReadonlyMap<LoadedWorker, number>, worker: LoadedWorker): number => busy.get(worker) ?? 0

/** The least busy living worker; if all are dead, a dead one, which rejects. */
function leastBusy(workers: readonly LoadedWorker[], busy: ReadonlyMap<LoadedWorker, number>): LoadedWorker {
  const alive = workers.filter((worker) => !worker.failure())
  const choice = alive.length > 0 ? alive : workers
  return choice.reduce((least, worker) => (busyOf(busy, worker) < busyOf(busy, least) ? worker : least))
}

function copyOf({ batch, seq, tokenIds, segmentIds, taskIds }: Batch): Batch {
  return { batch, seq, tokenIds: tokenIds.slice(), segmentIds: segmentIds.slice(), taskIds: taskIds.slice() }
}
