import { createHash } from 'node:crypto'
import type { Asset, Preloaded } from '@sohu-match/sdk-web'
import type { EnginePage } from '../support/engines/engine'
import { expect, openSdkPage, test } from '../support/fixtures'
import { load, match, type PageOptions } from '../support/page-calls'
import { cutAfter } from '../support/server'

type Failure = { readonly code?: string; readonly message: string }

/** Calls `listAssets` or `preload` in the page. */
function prepare<T>(
  page: Pick<EnginePage, 'evaluate'>,
  name: 'listAssets' | 'preload',
  options: PageOptions = {}
): Promise<T | Failure> {
  return page.evaluate(
    async ({ name, options }) => {
      try {
        return (await sdk[name]({ model: '/model/', device: 'wasm', ...options })) as T
      } catch (error) {
        const { code, message } = error as Error & { code?: string }
        return { code, message }
      }
    },
    { name, options }
  )
}

test('the progress of all files together never falls, and ends at the bytes of them all', async ({ sdkPage, site }) => {
  const assets = (await prepare(sdkPage, 'listAssets')) as Asset[]
  const graph = assets.find(({ file }) => file.endsWith('.onnx'))!
  site.bend(graph.file, cutAfter(Math.ceil(graph.bytes / 3))) // a file that is resumed
  const { progress, info, error } = await load(sdkPage)
  expect(error).toBeUndefined()
  const totals = new Set(progress.map(({ overall }) => overall.total))
  expect(totals).toEqual(new Set([progress.at(-1)!.overall.loaded]))
  const sums = progress.map(({ overall }) => overall.loaded)
  expect(sums).toEqual([...sums].sort((one, other) => one - other))
  const stored = assets.filter(({ file }) => !/\.js$|manifest/.test(file))
  expect([...totals]).toEqual([stored.reduce((sum, { bytes }) => sum + bytes, 0)])
  expect(info!.reusedBytes).toBe(0)
})

test('listAssets names every address that a load requests, with the bytes and hash that the server sends', async ({
  page,
  site
}) => {
  await openSdkPage(page, site)
  const assets = (await prepare(page, 'listAssets')) as Asset[]
  const requested = site.hits.map(({ path }) => path)
  expect(
    requested.some((path) => /\.(onnx|bin)$/.test(path)),
    requested.join(' ')
  ).toBe(false)
  site.hits.length = 0
  expect((await load(page)).error).toBeUndefined()
  const listed = new Set(assets.map(({ url }) => new URL(url).pathname))
  expect(site.hits.length).toBeGreaterThanOrEqual(4)
  for (const { path } of site.hits) expect([...listed]).toContain(path)
  for (const { url, bytes, sha256, file } of assets) {
    const content = Buffer.from(await (await fetch(url)).arrayBuffer())
    expect({ file, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }).toEqual({
      file,
      bytes,
      sha256
    })
  }
  await expect.poll(() => page.workers().length).toBe(1) // the one that matches; the one that listed has ended
})

test('preload stores everything and opens no session; a load then works without the server', async ({ page, site }) => {
  await openSdkPage(page, site)
  const preloaded = (await prepare(page, 'preload')) as Preloaded
  expect(preloaded).toMatchObject({ device: 'wasm', dtype: 'int8', storage: 'opfs', reusedBytes: 0 })
  await expect.poll(() => page.workers().length).toBe(0)
  const again = (await prepare(page, 'preload')) as Preloaded
  expect(again).toMatchObject({ fetchedBytes: 0, reusedBytes: preloaded.fetchedBytes })
  await site.close()
  const { info, error } = await load(page)
  expect(error).toBeUndefined()
  expect(info).toMatchObject({ fetchedBytes: 0, reusedBytes: preloaded.fetchedBytes })
  expect(await match(page)).toHaveProperty('score')
})

test('preload refuses where nothing is stored, and says what a load would say', async ({ page, site }) => {
  await openSdkPage(page, site)
  expect(await prepare(page, 'preload', { cache: false })).toMatchObject({
    code: 'storage',
    message: expect.stringContaining('switched off')
  })
  expect(await prepare(page, 'preload', { model: '/nowhere/' })).toMatchObject({ code: 'asset-missing' })
  expect(await prepare(page, 'listAssets', { dtype: 'int3' as 'int8' })).toMatchObject({ code: 'dtype-missing' })
  site.bend('vocab.txt', (_request, response) => response.end('0123'))
  expect(await prepare(page, 'preload')).toMatchObject({ code: 'asset-corrupt' })
  await expect.poll(() => page.workers().length).toBe(0)
})

test('several workers share the work, and stop together', async ({ page, site }) => {
  await openSdkPage(page, site)
  const found = await page.evaluate(async () => {
    const pairs = Array.from({ length: 200 }, (_, i) => ({
      a: `第${i}条新闻`.repeat(1 + (i % 9)),
      b: `第${i}条消息`.repeat(1 + (i % 7)),
      task: 'A-sl' as const
    }))
    const load = (workers: number): ReturnType<typeof sdk.createMatcher> =>
      sdk.createMatcher({ model: '/model/', device: 'wasm', dtype: 'fp32', workers })
    const [one, two] = [await load(1), await load(2)]
    const [alone, shared] = [await one.matchMany(pairs), await two.matchMany(pairs)]
    await one.dispose()
    kept.two = two
    return {
      info: [one.info.workers, two.info.workers, two.info.threads],
      health: two.health(),
      difference: Math.max(...alone.map(({ score }, i) => Math.abs(score - shared[i]!.score)))
    }
  })
  expect(found.info).toEqual([1, 2, 1])
  expect(found.health).toEqual({ workers: 2, crashes: 0 })
  expect(found.difference).toBeLessThan(1e-5) // fp32 sums in another order where batches differ
  await expect.poll(() => page.workers().length).toBe(2) // the third has been told to end
  await page.evaluate(() => (kept.two as { dispose(): Promise<void> }).dispose())
  await expect.poll(() => page.workers().length).toBe(0)
  const aborted = await load(page, { abortAtBytes: 0, workers: 3 })
  expect(aborted.error).toMatchObject({ name: 'AbortError' })
  await expect.poll(() => page.workers().length).toBe(0)
})
