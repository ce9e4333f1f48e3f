import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MatcherError, type Batch } from '@sohu-match/core'
import { afterEach, describe, expect, inject, it, vi } from 'vitest'
import { startPool, type Pool, type PoolOptions } from './pool'
import { tinyLogits, writeTinyModel } from '@sohu-match/testing'
import type { NodeLoad } from './worker-load'
import type { OpenThread } from './worker-thread'

const model = writeTinyModel()
const policy = { maxLength: 32, truncation: 'longest-first' } as const
let pool: Pool | undefined

/** A worker that does what the real one does, but dies of a task id of 99, and at its start on request. */
function dying(dieAtStart = ''): OpenThread {
  const source = `import { parentPort } from 'node:worker_threads'
    import { existsSync } from 'node:fs'
    const doom = ${JSON.stringify(dieAtStart)}
    if (doom && existsSync(doom)) throw new Error('no more workers')
    await import(${JSON.stringify(inject('workerScript'))})
    parentPort.on('message', ({ type, batch }) => { if (type === 'run' && batch.taskIds[0] === 99) process.exit(7) })`
  return running(source)
}

/** Threads that run a module. */
function running(source: string): OpenThread {
  const script = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  return (options) => new Worker(script, options)
}

const load: NodeLoad = {
  device: 'cpu',
  threads: 1,
  cuda: {},
  graph: readFileSync(join(model, 'onnx/model.onnx')),
  graphFile: 'onnx/model.onnx',
  externalData: [],
  vocab: readFileSync(join(model, 'vocab.txt')),
  dictionary: readFileSync(join(model, 'dictionary.bin'))
}

async function start(options: Partial<PoolOptions> = {}, change: Partial<NodeLoad> = {}): Promise<Pool> {
  pool = await startPool({ openThread: dying(), workers: 1, ...options, load: async () => ({ ...load, ...change }) })
  return pool
}

const batch = (task: number): Batch => ({
  batch: 1,
  seq: 3,
  tokenIds: Int32Array.of(2, 9, 3),
  segmentIds: Int32Array.of(0, 0, 1),
  taskIds: Int32Array.of(task)
})
const wanted = tinyLogits(Int32Array.of(2, 9, 3), Int32Array.of(0, 0, 1), 0)

afterEach(() => pool?.dispose())

describe('a pool of workers', () => {
  it('encodes and runs', async () => {
    const engine = await start()
    expect(await engine.encode([{ a: '今天', b: 'x' }], policy)).toMatchObject([
      { pair: 0, segmentIds: Int32Array.of(0, 0, 0, 1, 1) }
    ])
    expect((await engine.run(batch(0)))[1]).toBeCloseTo(wanted[1], 6)
    const { pairs, outputs } = await engine.encodeAndRun([{ a: '今天', b: 'x', taskId: 2 }], policy, {
      tokens: 64,
      padding: 0.1
    })
    expect(outputs![0]).toBeCloseTo(tinyLogits(pairs[0]!.tokenIds, pairs[0]!.segmentIds, 2)[0], 6)
    expect(engine.loaded.runtimeVersion).toBe('1.30.0')
  })

  it('rejects the calls of a worker that dies, with a code, and puts another in its place', async () => {
    const engine = await start()
    const lost = await Promise.allSettled([engine.run(batch(99)), engine.run(batch(0))])
    expect(lost).toMatchObject([
      { reason: { code: 'inference-failed', message: expect.stringContaining('exit code 7') } },
      { reason: { code: 'inference-failed' } }
    ])
    for (let i = 0; i < 3; i++) expect((await engine.run(batch(0)))[1]).toBeCloseTo(wanted[1], 6)
  })

  it('continues with the other workers meanwhile', async () => {
    const engine = await start({ workers: 2 })
    const [lost, kept] = await Promise.allSettled([engine.run(batch(99)), engine.run(batch(0))])
    expect(lost.status).toBe('rejected')
    expect(kept.status).toBe('fulfilled')
  })

  it('gives up when one worker after the other dies', async () => {
    const engine = await start()
    const errors: unknown[] = []
    for (let i = 0; i < 5; i++) errors.push(await engine.run(batch(99)).catch((error: unknown) => error))
    expect(errors.every((error) => error instanceof MatcherError && error.code === 'inference-failed')).toBe(true)
    await expect(engine.run(batch(0))).rejects.toMatchObject({ code: 'inference-failed' })
  })

  it('gives up when no new worker can be started', async () => {
    const doom = join(model, 'doom')
    const engine = await start({ openThread: dying(doom) })
    writeFileSync(doom, '')
    await expect(engine.run(batch(99))).rejects.toMatchObject({ code: 'inference-failed' })
    await expect(engine.run(batch(0))).rejects.toMatchObject({
      code: 'inference-failed',
      message: expect.stringContaining('no new one could be started')
    })
  })

  it('replaces a worker after the signal that loading had was aborted', async () => {
    const abort = new AbortController()
    const engine = await start({ signal: abort.signal })
    abort.abort()
    await expect(engine.run(batch(99))).rejects.toMatchObject({ code: 'inference-failed' })
    expect((await engine.run(batch(0)))[1]).toBeCloseTo(wanted[1], 6)
  })

  it('throws what loading throws once the thread has ended', async () => {
    const terminate = Worker.prototype.terminate
    let ended = 0
    const spy = vi.spyOn(Worker.prototype, 'terminate').mockImplementation(async function (this: Worker) {
      const code = await terminate.call(this)
      ended++
      return code
    })
    await expect(start({}, { graph: Uint8Array.of(1, 2, 3) })).rejects.toBeInstanceOf(MatcherError)
    expect(ended).toBe(1)
    spy.mockRestore()
  })

  it.each(['enough', null, 0])(
    'rejects at once and goes silent when its signal is aborted with %j, and lets the load under way end first',
    async (reason) => {
      const marker = join(model, `load-ended-${reason}`)
      const source = `import { parentPort } from 'node:worker_threads'
      import { writeFileSync } from 'node:fs'
      parentPort.on('message', ({ type, id }) => {
        if (type === 'dispose') {
          writeFileSync(${JSON.stringify(marker)}, '')             // asked for once the load's answer has come
          return parentPort.postMessage({ type, id })
        }
        const progress = () => parentPort.postMessage({ type: 'progress', id, progress: {} })
        progress()
        setTimeout(() => { progress(); parentPort.postMessage({ type, id, info: {} }) }, 500)
      })`
      const abort = new AbortController()
      const onProgress = vi.fn(() => abort.abort(reason))
      await expect(start({ openThread: running(source), signal: abort.signal, onProgress })).rejects.toBe(reason)
      expect(existsSync(marker)).toBe(false)
      await expect.poll(() => existsSync(marker), { timeout: 60_000 }).toBe(true)
      expect(onProgress).toHaveBeenCalledOnce()
    }
  )

  it('recovers after a pause, and reports how it is meanwhile', async () => {
    const doom = join(model, 'doom-for-a-while')
    const pauses: number[] = []
    const engine = await start({ openThread: dying(doom), delay: (attempt) => (pauses.push(attempt), 30) })
    expect(engine.health()).toEqual({ workers: 1, crashes: 0, failure: undefined })
    writeFileSync(doom, '')
    await expect(engine.run(batch(99))).rejects.toMatchObject({ code: 'inference-failed' })
    await expect.poll(() => pauses.length, { timeout: 60_000 }).toBeGreaterThan(1)
    expect(engine.health()).toMatchObject({ workers: 0, failure: expect.stringContaining('no more workers') })
    expect(engine.health().crashes).toBeGreaterThan(3)
    rmSync(doom)
    await expect.poll(() => engine.health().workers, { timeout: 60_000 }).toBe(1)
    expect((await engine.run(batch(0)))[1]).toBeCloseTo(wanted[1], 6)
    expect(engine.health()).toEqual({ workers: 1, crashes: 0, failure: undefined })
    expect(pauses).toEqual(pauses.map((_, i) => i + 1))
  })

  it('pauses between starts that fail, also while the other workers answer', async () => {
    const doom = join(model, 'doom-of-one')
    const pauses: number[] = []
    let loads = 0
    pool = await startPool({
      openThread: dying(doom),
      workers: 2,
      load: async () => (loads++, load),
      delay: (attempt) => (pauses.push(attempt), 30)
    })
    writeFileSync(doom, '')
    await expect(pool.run(batch(99))).rejects.toMatchObject({ code: 'inference-failed' })
    while (pauses.length < 3 && loads < 15) await pool.run(batch(0))
    expect(pauses.slice(0, 3)).toEqual([1, 2, 3])
    expect(pool.health()).toMatchObject({ workers: 1, failure: expect.stringContaining('no more workers') })
    expect(pool.health().crashes).toBeGreaterThan(3)
    rmSync(doom)
    await expect.poll(() => pool!.health().workers, { timeout: 60_000 }).toBe(2)
    await pool.run(batch(0))
    expect(pool.health()).toEqual({ workers: 2, crashes: 0, failure: undefined })
  })

  it('never gives work to a worker that died while the others were still loading', async () => {
    const first = join(model, 'first-worker')
    const source = `import { parentPort } from 'node:worker_threads'
      import { openSync } from 'node:fs'
      let isFirst = true
      try { openSync(${JSON.stringify(first)}, 'wx') } catch { isFirst = false }
      parentPort.on('message', ({ type, id }) => {
        if (type === 'load') setTimeout(() => {
          parentPort.postMessage({ type, id, info: {} })
          if (isFirst) setTimeout(() => process.exit(9), 20)
        }, isFirst ? 10 : 800)
        else if (type === 'run') parentPort.postMessage({ type, id, outputs: Float32Array.of(7, 7) })
        else parentPort.postMessage({ type, id })
      })`
    const engine = await start({ openThread: running(source), workers: 2 })
    for (let i = 0; i < 50; i++) expect(await engine.run(batch(0))).toEqual(Float32Array.of(7, 7))
    await expect.poll(() => engine.health().workers, { timeout: 60_000 }).toBe(2)
  })

  it('ends a worker that is still running long after its last caller has left, and puts another in its place', async () => {
    const source = `import { parentPort } from 'node:worker_threads'
      await import(${JSON.stringify(inject('workerScript'))})
      parentPort.on('message', ({ type, batch }) => { if (type === 'run' && batch.taskIds[0] === 98) for (;;); })`
    const engine = await start({ openThread: running(source), abandonAfter: 50 })
    const abandon = new AbortController()
    const stuck = engine.run(batch(98), abandon.signal)
    const rejected = expect(stuck).rejects.toMatchObject({
      code: 'inference-failed',
      message: expect.stringContaining('did not finish')
    })
    abandon.abort()
    await rejected
    expect((await engine.run(batch(0)))[1]).toBeCloseTo(wanted[1], 6)
  })

  it('leaves a worker alone that is busy for another call, however long', async () => {
    const source = `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ type, id }) => {
        if (type === 'run') setTimeout(() => parentPort.postMessage({ type, id, outputs: Float32Array.of(7, 7) }), 1_500)
        else setTimeout(() => parentPort.postMessage({ type, id, info: {}, pairs: [], result: { pairs: [] } }), type === 'encodeAndRun' ? 1_510 : 0)
      })`
    const engine = await start({ openThread: running(source), abandonAfter: 600 })
    const long = engine.run(batch(0))
    const behind = engine.encodeAndRun(
      [{ a: 'a', b: 'b', taskId: 0 }],
      policy,
      { tokens: 64, padding: 0 },
      AbortSignal.abort()
    )
    expect(await long).toEqual(Float32Array.of(7, 7))
    await behind
    expect(engine.health()).toMatchObject({ workers: 1, crashes: 0 })
  })

  it('lets work end that finishes soon after it was abandoned', async () => {
    const engine = await start()
    const abandon = new AbortController()
    const running = engine.run(batch(0), abandon.signal)
    abandon.abort()
    expect((await running)[1]).toBeCloseTo(wanted[1], 6)
    expect(engine.health().workers).toBe(1)
  })

  it('is disposed within seconds though a worker never comes back', async () => {
    const source = `import { parentPort } from 'node:worker_threads'
      await import(${JSON.stringify(inject('workerScript'))})
      parentPort.on('message', ({ type }) => { if (type === 'run') for (;;); })`
    const engine = await start({ openThread: running(source) })
    const stuck = expect(engine.run(batch(0))).rejects.toMatchObject({ code: 'disposed' })
    await engine.dispose()
    await stuck
    expect(engine.health().workers).toBe(0)
  })

  it('lets the batch under way end when it is disposed', async () => {
    const engine = await start()
    const running = engine.run(batch(0))
    await engine.dispose()
    expect((await running)[1]).toBeCloseTo(wanted[1], 6)
  })
})
