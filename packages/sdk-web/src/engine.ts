import { MatcherError, type DeviceReason, type Batch, type Engine } from '@sohu-match/core'
import type { WebDevice, WebLoaded } from './messages'
import type { LoadedWorker } from './start-worker'

/** An engine over one worker at a time, with what that worker reported. */
export interface WebEngine extends Engine {
  readonly current: {
    readonly device: WebDevice
    readonly loaded: WebLoaded
    readonly reasons: readonly DeviceReason[]
  }
}

/**
 * The engine over a loaded worker. With `move`, the first lost WebGPU device makes it continue in the worker that `move` starts, and what
 * was under way is done again there; without it, or the second time, calls reject with `device-lost`.
 */
export function createWebEngine(
  first: LoadedWorker,
  reasons: readonly DeviceReason[],
  move: (() => Promise<LoadedWorker>) | undefined
): WebEngine {
  let active = first
  let current = { device: first.load.device, loaded: first.loaded, reasons }
  let moving: Promise<void> | undefined
  let disposed = false

  async function moveOn(loss: MatcherError): Promise<void> {
    const left = active
    const next = await move!()
    active = next
    const failed = { device: left.load.device, taken: false, reason: loss.message }
    const taken = { device: next.load.device, taken: true, reason: next.loaded.deviceReason }
    current = {
      device: next.load.device,
      loaded: next.loaded,
      reasons: [...reasons.filter((one) => !one.taken && one.device !== taken.device), failed, taken]
    }
    left.end(loss)
    if (disposed) end()
  }

  async function attempt<T>(work: (worker: LoadedWorker) => Promise<T>): Promise<T> {
    const worker = active
    try {
      return await work(worker)
    } catch (error) {
      if (disposed || !move || worker !== first || !(error instanceof MatcherError && error.code === 'device-lost'))
        throw error
      moving ??= moveOn(error).catch((cause: unknown) => {
        moving = undefined // the next call tries again
        throw cause
      })
      await moving
      return work(active)
    }
  }

  const end = (): void => active.end(new MatcherError('disposed', 'This matcher is disposed; create a new one.'))

  return {
    get current() {
      return current
    },
    encode: (pairs, policy) => attempt(({ client }) => client.encode(pairs, policy)),
    encodeAndRun: (pairs, policy, limits) => attempt(({ client }) => client.encodeAndRun(pairs, policy, limits)),
    // the arrays are transferred; while the batch may have to run again elsewhere, a copy is
    run: (batch) => attempt(({ client }) => client.run(move && active === first ? copyOf(batch) : batch)),
    health() {
      const failure = active.failure()?.message
      return failure === undefined ? { workers: 1, crashes: 0 } : { workers: 0, crashes: disposed ? 0 : 1, failure }
    },
    async dispose() {
      disposed = true
      end()
    }
  }
}

function copyOf({ batch, seq, tokenIds, segmentIds, taskIds }: Batch): Batch {
  return { batch, seq, tokenIds: tokenIds.slice(), segmentIds: segmentIds.slice(), taskIds: taskIds.slice() }
}
