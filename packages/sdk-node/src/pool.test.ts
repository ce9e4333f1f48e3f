import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MatcherError, type Batch } from '@sohu-match/core'
import { afterEach, describe, expect, inject, it, vi } from 'vitest'
import { startPool, type Pool, type PoolOptions } from './pool'
import { tinyLogits, writeTinyModel } from './tiny-model.fixtures'
import type { NodeLoad } from './worker-load'

const model = writeTinyModel()
const policy = { maxLength: 32, truncation: 'longest-first' } as const
let pool: Pool | undefined

/** A worker that does what the real one does, but dies of a task id of 99, and at its start when it is told to. */
function script(dieAtStart = ''): URL {
  const source = `import { parentPort } from 'node:worker_threads'
    import { existsSync } from 'node:fs'
    const doom = ${JSON.stringify(dieAtStart)}
    if (doom && existsSync(doom)) throw new Error('no more workers')
    await import(${JSON.stringify(inject('workerScript'))})
    parentPort.on('message', ({ type, batch }) => { if (type === 'run' && batch.taskIds[0] === 99) process.exit(7) })`
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`)
}

async function start(options: Partial<PoolOptions> = {}): Promise<Pool> {
  pool = await startPool({
    script: script(),
    workers: 1,
    ...options,
    load: {
      device: 'cpu',
      threads: 1,
      cuda: {},
      graphPath: join(model, 'onnx/model.onnx'),
      graphFile: 'onnx/model.onnx',
      graphBytes: 1,
      vocab: readFileSync(join(model, 'vocab.txt')),
      dictionary: readFileSync(join(model, 'dictionary.bin')),
      ...options.load
    }
  })
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
    const { pairs, logits } = await engine.encodeAndRun([{ a: '今天', b: 'x', taskId: 2 }], policy, {
      tokens: 64,
      padding: 0.1
    })
    expect(logits![0]).toBeCloseTo(tinyLogits(pairs[0]!.tokenIds, pairs[0]!.segmentIds, 2)[0], 6)
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

  it('goes on with the other workers meanwhile', async () => {
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
    const engine = await start({ script: script(doom) })
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
    await expect(start({ load: { graphPath: join(model, 'none.onnx') } as NodeLoad })).rejects.toBeInstanceOf(
      MatcherError
    )
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
      await expect(
        start({
          script: new URL(`data:text/javascript,${encodeURIComponent(source)}`),
          signal: abort.signal,
          onProgress
        })
      ).rejects.toBe(reason)
      expect(existsSync(marker)).toBe(false)
      await expect.poll(() => existsSync(marker), { timeout: 20_000 }).toBe(true)
      expect(onProgress).toHaveBeenCalledOnce()
    }
  )

  it('lets the batch under way end when it is disposed', async () => {
    const engine = await start()
    const running = engine.run(batch(0))
    await engine.dispose()
    expect((await running)[1]).toBeCloseTo(wanted[1], 6)
  })
})
