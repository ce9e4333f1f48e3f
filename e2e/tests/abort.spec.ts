import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/fixtures'
import { countedWorker, liveWorkers } from '../support/hooked-worker'
import { load } from '../support/page-calls'
import { MODEL } from '../support/paths'

test('a signal that is aborted already stops before any request', async ({ sdkPage, site }) => {
  site.hits.length = 0
  const name = await sdkPage.evaluate(() =>
    sdk
      .createMatcher({ model: '/model/', device: 'wasm', signal: AbortSignal.abort() })
      .catch((error: Error) => error.name)
  )
  expect(name).toBe('AbortError')
  expect(site.hits).toEqual([])
})

test('an abort stops a download at once, ends the worker, and passes its reason through', async ({ sdkPage, site }) => {
  let [asked, closed] = [false, false]
  site.bend('dictionary.bin', (_request, response) => {
    response.writeHead(200, { 'content-length': 2_000_000 }).write('never ends')
    asked = true
    response.on('close', () => {
      closed = true
    })
  })
  await sdkPage.evaluate((worker) => {
    const abort = (kept.abort = new AbortController())
    kept.loading = sdk
      .createMatcher({ model: '/model/', device: 'wasm', worker, signal: abort.signal })
      .catch((reason: unknown) => reason)
  }, countedWorker(site))
  await expect.poll(() => asked).toBe(true)
  await expect.poll(() => liveWorkers(sdkPage)).toBe(1)
  const reason = await sdkPage.evaluate(() => {
    ;(kept.abort as AbortController).abort('the visitor left')
    return kept.loading
  })
  expect(reason).toBe('the visitor left')
  await expect.poll(() => closed).toBe(true)
  await expect.poll(() => liveWorkers(sdkPage)).toBe(0)
})

test('an abort in the middle of a graph leaves its bytes for the next load, where storage keeps parts', async ({
  engine,
  sdkPage,
  site
}) => {
  const graph = statSync(join(MODEL, 'onnx/model.onnx'))
  // wrong bytes: the next load finds out by the hash, and downloads the file again
  site.bend(
    'model.onnx',
    (_request, response) => void response.writeHead(200, { 'content-length': graph.size }).write(Buffer.alloc(1000))
  )
  expect((await load(sdkPage, { dtype: 'fp32', abortAtBytes: 1 })).error).toMatchObject({ name: 'AbortError' })
  site.mend()
  expect((await load(sdkPage, { dtype: 'fp32' })).error).toBeUndefined()
  const ranges = site.hits.filter(({ path }) => path.endsWith('model.onnx')).map(({ range }) => range)
  const resumed = engine.storage === 'opfs' ? [expect.stringMatching(/^bytes=[1-9]\d*-$/)] : []
  expect(ranges).toEqual([undefined, ...resumed, undefined])
})

test('an abort of one call rejects it and leaves the others alone', async ({ sdkPage }) => {
  const outcome = await sdkPage.evaluate(async () => {
    const matcher = await sdk.createMatcher({ model: '/model/', device: 'wasm' })
    const pairs = Array.from({ length: 200 }, (_, i) => ({
      a: `第${i}条新闻`.repeat(10),
      b: `第${i + 1}条消息`.repeat(10),
      task: 'A-ll' as const
    }))
    const abort = new AbortController()
    let batches = 0
    const aborted = matcher
      .matchMany(pairs, {
        signal: abort.signal,
        onProgress: () => {
          if (++batches === 2) abort.abort()
        }
      })
      .catch((error: Error) => error.name)
    const other = matcher.match('国足获胜', '国足赢球', 'B-ss')
    return {
      aborted: await aborted,
      score: (await other).score,
      late: await matcher
        .matchMany(pairs.slice(0, 3), { signal: AbortSignal.abort('late') })
        .catch((reason: unknown) => reason)
    }
  })
  expect(outcome).toEqual({ aborted: 'AbortError', score: expect.any(Number), late: 'late' })
})
