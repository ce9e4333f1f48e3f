import { MatcherError, type Batch } from '@sohu-match/core'
import { describe, expect, it, vi } from 'vitest'
import { createWebEngine } from './engine'
import type { WebLoad, WebLoaded } from './messages'
import type { LoadedWorker } from './start-worker'

const batch: Batch = {
  batch: 1,
  seq: 2,
  tokenIds: new Int32Array([1, 2]),
  segmentIds: new Int32Array(2),
  taskIds: new Int32Array(1)
}
const lost = new MatcherError('device-lost', 'The WebGPU device was lost: unplugged.')

/** A worker that empties the arrays it is given, as a transfer does, and answers with their sum. */
function worker(
  device: WebLoad['device'],
  run?: () => Promise<never>
): LoadedWorker & { end: ReturnType<typeof vi.fn<LoadedWorker['end']>> } {
  const client = {
    run: async ({ tokenIds }: Batch) => {
      const sum = tokenIds.reduce((total, id) => total + id, 0)
      structuredClone(tokenIds, { transfer: [tokenIds.buffer as ArrayBuffer] })
      return run ? await run() : new Float32Array([sum, sum])
    },
    encode: async () => [],
    encodeAndRun: async () => (run ? await run() : { pairs: [], outputs: Float32Array.of(5, 5) })
  } as unknown as LoadedWorker['client']
  let failure: MatcherError | undefined
  return {
    client,
    load: { device } as WebLoad,
    loaded: { deviceReason: `${device} is here` } as WebLoaded,
    end: vi.fn<LoadedWorker['end']>((error) => void (failure = error)),
    failure: () => failure
  }
}

const copy = (): Batch => structuredClone(batch)
const chosen = [{ device: 'webgpu' as const, taken: true, reason: 'webgpu is here' }]

describe('createWebEngine', () => {
  it('moves once when the device is lost, runs the same batches again, and reports both devices', async () => {
    const first = worker('webgpu', async () => {
      throw lost
    })
    const move = vi.fn(async () => worker('wasm'))
    const engine = createWebEngine([first], chosen, move)
    const encodedRun = engine.encodeAndRun([], { maxLength: 8, truncation: 'longest-first' }, { tokens: 8, padding: 0 })
    expect(await Promise.all([engine.run(copy()), engine.run(copy()), encodedRun])).toEqual([
      Float32Array.of(3, 3),
      Float32Array.of(3, 3),
      { pairs: [], outputs: Float32Array.of(5, 5) }
    ])
    expect(move).toHaveBeenCalledOnce()
    expect(first.end).toHaveBeenCalledOnce()
    expect(engine.current).toMatchObject({
      device: 'wasm',
      reasons: [
        { device: 'webgpu', taken: false, reason: lost.message },
        { device: 'wasm', taken: true, reason: 'wasm is here' }
      ]
    })
  })

  it('rejects with device-lost where it may not move, and after it has moved', async () => {
    const fails = async (): Promise<never> => {
      throw lost
    }
    await expect(createWebEngine([worker('webgpu', fails)], chosen, undefined).run(copy())).rejects.toBe(lost)
    await expect(
      createWebEngine([worker('webgpu', fails)], chosen, async () => worker('wasm', fails)).run(copy())
    ).rejects.toBe(lost)
  })

  it('does not move for other failures', async () => {
    const failure = new MatcherError('inference-failed', 'no')
    const move = vi.fn(async () => worker('wasm'))
    await expect(
      createWebEngine(
        [
          worker('webgpu', async () => {
            throw failure
          })
        ],
        chosen,
        move
      ).run(copy())
    ).rejects.toBe(failure)
    expect(move).not.toHaveBeenCalled()
  })

  it('tries to move again after a move that failed', async () => {
    const first = worker('webgpu', async () => {
      throw lost
    })
    const offline = new MatcherError('network', 'The network is down.')
    const move = vi.fn(async () => worker('wasm')).mockRejectedValueOnce(offline)
    const engine = createWebEngine([first], chosen, move)
    expect(await Promise.allSettled([engine.run(copy()), engine.run(copy())])).toMatchObject([
      { reason: offline },
      { reason: offline }
    ])
    expect(await engine.run(copy())).toEqual(Float32Array.of(3, 3))
    expect(move).toHaveBeenCalledTimes(2)
  })

  it('is healthy until its worker fails or it is disposed', async () => {
    const only = worker('wasm')
    const engine = createWebEngine([only], chosen, undefined)
    expect(engine.health()).toEqual({ workers: 1, crashes: 0 })
    only.end(new MatcherError('inference-failed', 'The worker failed: out of memory'))
    expect(engine.health()).toEqual({ workers: 0, crashes: 1, failure: 'The worker failed: out of memory' })
    const other = createWebEngine([worker('wasm')], chosen, undefined)
    await other.dispose()
    expect(other.health()).toMatchObject({ workers: 0, crashes: 0, failure: expect.stringContaining('disposed') })
  })

  it('reports a device that was lost for good, and ends its worker', async () => {
    const only = worker('webgpu', async () => {
      throw lost
    })
    const engine = createWebEngine([only], chosen, undefined)
    expect(engine.health()).toEqual({ workers: 1, crashes: 0 })
    await expect(engine.run(copy())).rejects.toBe(lost)
    expect(engine.health()).toEqual({ workers: 0, crashes: 1, failure: lost.message })
    expect(only.end).toHaveBeenCalledExactlyOnceWith(lost)
    await engine.dispose()
    expect(engine.health()).toMatchObject({ workers: 0, crashes: 0 })
  })

  it('is healthy again once it has moved', async () => {
    const first = worker('webgpu', async () => {
      throw lost
    })
    let arrive = (): void => {}
    const move = (): Promise<LoadedWorker> => new Promise((resolve) => (arrive = () => resolve(worker('wasm'))))
    const engine = createWebEngine([first], chosen, move)
    const running = engine.run(copy())
    await vi.waitFor(() => expect(engine.health()).toEqual({ workers: 0, crashes: 1, failure: lost.message }))
    arrive()
    await running
    expect(engine.health()).toEqual({ workers: 1, crashes: 0 })
  })

  it('sends work to the least busy of its workers, and to no dead one', async () => {
    const runs: string[] = []
    const slow = (name: string): LoadedWorker & { finish(): void; end: LoadedWorker['end'] } => {
      let finish = (): void => {}
      const one = worker('wasm')
      const run = (): Promise<Float32Array> => {
        runs.push(name)
        return new Promise((resolve) => (finish = () => resolve(Float32Array.of(1, 1))))
      }
      return { ...one, client: { ...one.client, run }, finish: () => finish() }
    }
    const [one, two] = [slow('one'), slow('two')]
    const engine = createWebEngine([one, two], chosen, undefined)
    expect(engine.current.workers).toBe(2)
    const first = engine.run(copy())
    const second = engine.run(copy())
    expect(runs).toEqual(['one', 'two'])
    two.finish()
    await second
    const third = engine.run(copy())
    expect(runs).toEqual(['one', 'two', 'two'])
    two.end(new MatcherError('inference-failed', 'The worker failed: out of memory'))
    expect(engine.health()).toEqual({ workers: 1, crashes: 1, failure: 'The worker failed: out of memory' })
    const fourth = engine.run(copy())
    expect(runs).toEqual(['one', 'two', 'two', 'one'])
    one.finish()
    two.finish()
    await Promise.all([third, fourth])
    await engine.dispose()
    void first
  })

  it('ends the worker it moved to when it is disposed on the way', async () => {
    const next = worker('wasm')
    let arrive = (): void => {}
    const engine = createWebEngine(
      [
        worker('webgpu', async () => {
          throw lost
        })
      ],
      chosen,
      () =>
        new Promise((resolve) => {
          arrive = () => resolve(next)
        })
    )
    const running = engine.run(copy())
    await vi.waitFor(() => expect(arrive).not.toThrow())
    await new Promise((resolve) => setTimeout(resolve))
    await engine.dispose()
    arrive()
    await running
    expect(next.end).toHaveBeenCalledOnce()
  })
})
