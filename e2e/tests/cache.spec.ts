import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHROMIUM_ONLY, expect, openSdkPage, test } from '../support/fixtures'
import type { Engine, EnginePage } from '../support/engines/engine'
import { hookWorker } from '../support/hooked-worker'
import { load, match } from '../support/page-calls'
import { MODEL } from '../support/paths'

const MANIFEST = JSON.parse(readFileSync(join(MODEL, 'manifest.json'), 'utf8')) as {
  readonly files: Record<string, { readonly bytes: number; readonly sha256: string }>
  readonly graphs: Record<string, unknown>
}

const bytesAsked = (hits: readonly { path: string }[]): string[] =>
  hits.map((hit) => hit.path).filter((path) => /\.(onnx|bin|txt)$/.test(path))

/** Names and sizes of what is kept, in the private file system and in the Cache API. */
function stored(page: EnginePage): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    const sizes: Record<string, number> = {}
    const root = await navigator.storage?.getDirectory?.()
    const folder = await root?.getDirectoryHandle('sohu-match').catch(() => undefined)
    if (folder)
      for await (const [name, handle] of folder.entries())
        sizes[name] = (await (handle as FileSystemFileHandle).getFile()).size
    if (!(await caches.has('sohu-match'))) return sizes
    const cache = await caches.open('sohu-match')
    for (const { url } of await cache.keys())
      sizes[url.split('/').at(-1)!] = (await (await cache.match(url))!.blob()).size
    return sizes
  })
}

/** Overwrites a kept file with as many zeros. */
function overwrite(page: EnginePage, storage: Engine['storage'], name: string, bytes: number): Promise<void> {
  return page.evaluate(
    async ({ storage, name, bytes }) => {
      const zeros = new Uint8Array(bytes)
      if (storage === 'cache') {
        const cache = await caches.open('sohu-match')
        const kept = (await cache.keys()).find(({ url }) => url.endsWith(name))!
        return cache.put(kept, new Response(zeros))
      }
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('sohu-match')
      const writable = await (await folder.getFileHandle(name)).createWritable()
      await writable.write(zeros)
      await writable.close()
    },
    { storage, name, bytes }
  )
}

test('a second visit takes every byte of model and runtime out of storage', async ({ engine, sdkPage, site }) => {
  const first = await load(sdkPage)
  expect(first.info).toMatchObject({ storage: engine.storage, reusedBytes: 0 })
  const { score } = await match(sdkPage)
  site.hits.length = 0
  await openSdkPage(sdkPage, site)
  const second = await load(sdkPage)
  console.log(`load: first ${first.milliseconds.toFixed(0)} ms, second ${second.milliseconds.toFixed(0)} ms`)
  expect(second.info).toMatchObject({ fetchedBytes: 0, reusedBytes: first.info!.fetchedBytes })
  expect(bytesAsked(site.hits)).toEqual([])
  expect(second.progress.filter((event) => event.phase === 'verify')).toHaveLength(4)
  expect(await match(sdkPage)).toEqual({ score })
})

test('clearCache removes everything, and the next load downloads again', async ({ sdkPage, site }) => {
  await load(sdkPage)
  expect(Object.keys(await stored(sdkPage))).toHaveLength(5) // manifest, vocabulary, dictionary, graph, runtime
  await sdkPage.evaluate(() => sdk.clearCache())
  expect(await stored(sdkPage)).toEqual({})
  await sdkPage.evaluate(() => sdk.clearCache()) // nothing there is no error
  site.hits.length = 0
  expect((await load(sdkPage)).info!.reusedBytes).toBe(0)
  expect(bytesAsked(site.hits)).toHaveLength(4)
})

test('a file that changed in storage is downloaded again', async ({ engine, sdkPage }) => {
  await load(sdkPage)
  const { sha256, bytes } = MANIFEST.files['onnx/model_int8.onnx']!
  await overwrite(sdkPage, engine.storage, sha256, bytes)
  const { info } = await load(sdkPage)
  expect(info!.fetchedBytes).toBe(bytes)
  expect(await match(sdkPage)).toHaveProperty('score')
})

test('uses the Cache API where the private file system is missing', async ({ sdkPage, site }) => {
  const worker = hookWorker(
    site,
    "globalThis.StorageManager && (StorageManager.prototype.getDirectory = async () => { throw new DOMException('not here', 'SecurityError') })"
  )
  const first = await load(sdkPage, { worker })
  expect(first.info).toMatchObject({
    storage: 'cache',
    notes: expect.arrayContaining([expect.stringContaining('OPFS')])
  })
  const second = await load(sdkPage, { worker })
  expect(second.info).toMatchObject({ storage: 'cache', fetchedBytes: 0, reusedBytes: first.info!.fetchedBytes })
  await sdkPage.evaluate(() => sdk.clearCache())
  expect(await sdkPage.evaluate(() => caches.keys())).toEqual([])
})

test('works without keeping anything when asked to', CHROMIUM_ONLY, async ({ sdkPage }) => {
  expect((await load(sdkPage, { cache: false })).info).toMatchObject({
    storage: 'none',
    notes: expect.arrayContaining([expect.stringContaining('cache')])
  })
  expect(await stored(sdkPage)).toEqual({})
})

test('works uncached and says so when the quota is used up', async ({ engine, site }) => {
  const page = await engine.openLimited(`${site.origin}/index.html`, 2_000_000) // the runtime alone is larger
  const outcome = await load(page)
  expect(outcome.error).toBeUndefined()
  expect(outcome.info).toMatchObject({
    storage: 'none',
    notes: expect.arrayContaining([expect.stringContaining('quota')])
  })
  expect(await match(page)).toHaveProperty('score')
  await page.close()
})

test('two tabs that load at once download each file once', async ({ sdkPage, site }) => {
  const other = await sdkPage.sibling()
  await openSdkPage(other, site)
  const outcomes = await Promise.all([load(sdkPage), load(other)])
  expect(outcomes.map((outcome) => outcome.error)).toEqual([undefined, undefined])
  const asked = bytesAsked(site.hits)
  expect(asked).toHaveLength(new Set(asked).size)
  const scores = await Promise.all([match(sdkPage), match(other)])
  expect(scores[0]).toEqual(scores[1])
  await other.close()
})

test('a new version of a model replaces the old one in storage', CHROMIUM_ONLY, async ({ sdkPage, site }) => {
  await load(sdkPage)
  const manifest = structuredClone(MANIFEST)
  const old = manifest.files['onnx/model_int8.onnx']!.sha256
  expect(await stored(sdkPage)).toHaveProperty(old)
  delete manifest.graphs.int8
  delete manifest.files['onnx/model_int8.onnx']
  site.bend('manifest.json', (_request, response) => response.end(JSON.stringify(manifest)))
  expect((await load(sdkPage)).info!.dtype).toBe('fp32')
  expect(await stored(sdkPage)).not.toHaveProperty(old)
})
