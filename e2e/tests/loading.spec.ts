import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { EnginePage } from '../support/engines/engine'
import { CHROMIUM_ONLY, expect, openSdkPage, openSite, test } from '../support/fixtures'
import { countedWorker, liveWorkers } from '../support/hooked-worker'
import { load, match } from '../support/page-calls'
import { MODEL } from '../support/paths'
import { cutAfter, sendFile, type Handler, type Site } from '../support/server'

const GRAPH = 'onnx/model_int8.onnx'
const BYTES = statSync(join(MODEL, GRAPH)).size

const answer =
  (status: number, type: string, body: string | Buffer): Handler =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': type }).end(body)

test('reports progress in bytes, file by file, up to the end', async ({ sdkPage }) => {
  const { info, progress } = await load(sdkPage)
  const files = [...new Set(progress.map((event) => event.file))]
  expect(files.sort()).toEqual([GRAPH, 'dictionary.bin', 'ort.wasm.bin', 'vocab.txt'].sort())
  for (const file of files) {
    const downloads = progress.filter((event) => event.file === file && event.phase === 'download')
    expect(downloads.length).toBeGreaterThan(0)
    expect(downloads.map((event) => event.loaded)).toEqual(downloads.map((event) => event.loaded).sort((a, b) => a - b))
    expect(downloads.at(-1)!.loaded).toBe(downloads[0]!.total)
  }
  expect(progress.filter((event) => event.phase === 'compile').map((event) => event.loaded)).toEqual([0, BYTES])
  expect(info!.fetchedBytes).toBe(
    files.reduce((sum, file) => sum + progress.find((event) => event.file === file)!.total, 0)
  )
})

test('resumes a download after a cut connection', async ({ sdkPage, site }) => {
  site.bend(GRAPH, cutAfter(Math.ceil(BYTES / 3) + 1))
  const { info, error } = await load(sdkPage)
  expect(error).toBeUndefined()
  const ranges = rangesOfGraph(site)
  expect(ranges.length).toBeGreaterThanOrEqual(3)
  const first = ranges.findIndex((range) => range !== undefined) // a request that was cut before its first byte is repeated as it was
  expect(first).toBeGreaterThan(0)
  expect(ranges.slice(first).every((range) => /^bytes=[1-9]\d*-$/.test(range!))).toBe(true)
  expect(info!.fetchedBytes - statSync(join(MODEL, 'dictionary.bin')).size).toBeLessThan(2 * BYTES + 4e6) // nothing came twice
  expect(await match(sdkPage)).toHaveProperty('score')
})

test('resumes with the bytes of a visit that was closed in the middle, where storage keeps parts', async ({
  engine,
  sdkPage,
  site
}) => {
  const half = BYTES >> 1
  let sent = 0
  site.bend(GRAPH, (_request, response, file) => {
    response.writeHead(200, { 'content-length': BYTES }).write(readFileSync(file).subarray(0, half)) // and then nothing more
    sent = half
  })
  void load(sdkPage).catch(() => undefined)
  await expect.poll(() => sent).toBeGreaterThan(0)
  if (engine.storage === 'opfs') await expect.poll(() => storedSize(sdkPage, half)).toBe(true)
  await openSdkPage(sdkPage, site)
  site.mend()
  const { error } = await load(sdkPage)
  expect(error).toBeUndefined()
  expect(rangesOfGraph(site).at(-1)).toBe(engine.storage === 'opfs' ? `bytes=${half}-` : undefined)
})

test('starts again if a server does not support Range', async ({ sdkPage, site }) => {
  let tries = 0
  site.bend(GRAPH, (request, response, file) => {
    delete request.headers.range
    if (tries++ === 0) cutAfter(BYTES >> 1)(request, response, file)
    else sendFile(request, response, file)
  })
  expect((await load(sdkPage)).error).toBeUndefined()
  expect(tries).toBe(2)
})

test('works offline once it has loaded', async ({ sdkPage, site }) => {
  const before = await load(sdkPage)
  expect(before.error).toBeUndefined()
  const { score } = await match(sdkPage)
  await site.close() // scripts come from the HTTP cache, everything else out of storage
  const { info, error } = await load(sdkPage)
  expect(error).toBeUndefined()
  expect(info).toMatchObject({
    fetchedBytes: 0,
    reusedBytes: before.info!.fetchedBytes,
    notes: expect.arrayContaining([expect.stringContaining('copy kept here')])
  })
  expect(await match(sdkPage)).toEqual({ score })
})

test.describe('refuses what is not the file that the manifest lists', () => {
  const changed = readFileSync(join(MODEL, GRAPH))
  changed[changed.length >> 1]! ^= 1
  const cases: [name: string, handler: Handler, code: string, words: string][] = [
    ['a corrupt byte', answer(200, 'application/octet-stream', changed), 'asset-corrupt', 'SHA-256'],
    ['a missing file', answer(404, 'text/plain', 'not here'), 'asset-missing', '404'],
    [
      'the start page instead of the file',
      answer(200, 'text/html; charset=utf-8', '<!doctype html><title>app</title>'),
      'asset-missing',
      'HTML'
    ],
    ['a short file', answer(200, 'application/octet-stream', changed.subarray(0, 1000)), 'asset-corrupt', '1000 bytes'],
    [
      'a long file',
      answer(200, 'application/octet-stream', Buffer.concat([changed, changed])),
      'asset-corrupt',
      'longer'
    ]
  ]
  for (const [name, handler, code, words] of cases) {
    test(name, name === 'a corrupt byte' ? {} : CHROMIUM_ONLY, async ({ sdkPage, site }) => {
      site.bend(GRAPH, handler)
      expect((await load(sdkPage, { worker: countedWorker(site) })).error).toMatchObject({
        name: 'MatcherError',
        code,
        message: expect.stringContaining(words)
      })
      await expect.poll(() => liveWorkers(sdkPage)).toBe(0)
      site.mend()
      expect((await load(sdkPage)).error).toBeUndefined() // and nothing of it was kept
    })
  }
})

test.describe('refuses a manifest', () => {
  const manifest = JSON.parse(readFileSync(join(MODEL, 'manifest.json'), 'utf8')) as Record<string, unknown>
  const cases: [name: string, handler: Handler, code: string, words: string][] = [
    ['that is not JSON', answer(200, 'application/json', '{ "format": 1,'), 'manifest-invalid', 'not JSON'],
    ['that is an HTML page', answer(200, 'text/html', '<!doctype html>'), 'manifest-invalid', 'HTML'],
    [
      'of a newer format',
      answer(200, 'application/json', JSON.stringify({ ...manifest, format: 4 })),
      'manifest-invalid',
      'newer'
    ],
    [
      'that lacks a key',
      answer(200, 'application/json', JSON.stringify({ ...manifest, tasks: undefined })),
      'manifest-invalid',
      'tasks'
    ],
    ['that is missing', answer(404, 'text/plain', ''), 'asset-missing', '404'],
    ['that the server fails to send', answer(500, 'text/plain', ''), 'network', '500']
  ]
  for (const [name, handler, code, words] of cases) {
    test(name, async ({ sdkPage, site }) => {
      site.bend('manifest.json', handler)
      expect((await load(sdkPage)).error).toMatchObject({ code, message: expect.stringContaining(words) })
    })
  }
})

test('names a server that refuses other origins, and loads from one that allows them', async ({ sdkPage }) => {
  const other = await openSite()
  const model = `${other.origin}/model/`
  expect((await load(sdkPage, { model })).error).toMatchObject({
    code: 'network',
    message: expect.stringContaining('CORS')
  })
  other.headers = { 'access-control-allow-origin': '*' }
  other.bend(GRAPH, cutAfter(BYTES >> 1)) // a Range of this form needs no preflight
  expect((await load(sdkPage, { model })).error).toBeUndefined()
  await other.close()
})

test("fetches with the caller's own function", async ({ sdkPage, site }) => {
  site.bend(GRAPH, (request, response, file) => {
    if (request.headers.authorization !== 'Bearer 7') response.writeHead(401).end()
    else sendFile(request, response, file)
  })
  const refused = await load(sdkPage, { cache: false }) // it keeps none of the files that it has fetched by then
  expect(refused.error).toMatchObject({ code: 'network', message: expect.stringContaining('401') })
  const asked = await sdkPage.evaluate(async () => {
    const asked: string[] = []
    kept.matcher = await sdk.createMatcher({
      model: '/model/',
      device: 'wasm',
      fetch(input, init) {
        asked.push(String(input).split('/').at(-1)!)
        return fetch(input, { ...init, headers: { ...init?.headers, authorization: 'Bearer 7' } })
      }
    })
    return asked
  })
  const files = ['manifest.json', 'vocab.txt', 'dictionary.bin', 'model_int8.onnx']
  expect(asked).toEqual(expect.arrayContaining(files))
  expect(await match(sdkPage)).toHaveProperty('score')
})

test("fails with the caller's error when that function fails", async ({ sdkPage }) => {
  const error = await sdkPage.evaluate(() =>
    sdk
      .createMatcher({
        model: '/model/',
        device: 'wasm',
        fetch: async () => {
          throw new Error('no ticket')
        }
      })
      .then(
        () => undefined,
        (error: Error & { code: string }) => ({ code: error.code, cause: String(error.cause) })
      )
  )
  expect(error).toEqual({ code: 'network', cause: expect.stringContaining('no ticket') })
})

/** The `Range` of each request for the graph so far. */
const rangesOfGraph = (site: Site): (string | undefined)[] =>
  site.hits.filter((hit) => hit.path.endsWith(GRAPH)).map((hit) => hit.range)

/** Whether some file in storage has exactly this many bytes. */
function storedSize(page: EnginePage, bytes: number): Promise<boolean> {
  return page.evaluate(async (bytes) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('sohu-match', { create: true })
    for await (const handle of folder.values())
      if ((await (handle as FileSystemFileHandle).getFile()).size === bytes) return true
    return false
  }, bytes)
}
