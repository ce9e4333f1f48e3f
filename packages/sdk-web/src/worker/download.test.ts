import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Asset } from '../messages'
import { download, type DownloadContext } from './download'

const content = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251)
const asset: Asset = {
  file: 'onnx/model.onnx',
  url: 'https://models.example/onnx/model.onnx',
  bytes: 1000,
  sha256: createHash('sha256').update(content).digest('hex')
}

/** Answers requests in turn; each answer sees the first byte asked for. */
function server(...answers: ((start: number) => Response)[]) {
  const asked: (string | undefined)[] = []
  const urls: string[] = []
  const notes: string[] = []
  const chunks: [offset: number, length: number][] = []
  const context = (extra: Partial<DownloadContext> = {}): DownloadContext => ({
    fetch: async (url, init) => {
      urls.push(String(url).slice(-8))
      init?.signal?.throwIfAborted()
      const range = (init?.headers as Record<string, string>).range
      asked.push(range)
      return answers[Math.min(asked.length, answers.length) - 1]!(range ? Number(range.slice(6, -1)) : 0)
    },
    cache: 'no-store',
    signal: new AbortController().signal,
    onChunk: async (chunk, offset) => void chunks.push([offset, chunk.length]),
    delay: () => 0,
    onNote: (note) => notes.push(note),
    ...extra
  })
  return { asked, urls, notes, chunks, context }
}

/** A body of `bytes` in chunks of 100 that ends by itself, or with an error as a cut connection does. */
function body(bytes: Uint8Array, cut = false): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, (at += 100)))
      else if (cut) controller.error(new TypeError('network error'))
      else controller.close()
    }
  })
}

const whole =
  (bytes: Uint8Array = content) =>
  () =>
    new Response(body(bytes))
const partial =
  (bytes: Uint8Array = content) =>
  (start: number) =>
    new Response(body(bytes.slice(start)), { status: 206 })
const cut =
  (length: number, status = 200) =>
  (start: number) =>
    new Response(body(content.slice(start, start + length), true), { status })

describe('download', () => {
  it('returns the bytes and reports each chunk with its offset', async () => {
    const { context, chunks } = server(whole())
    expect(await download(asset, context())).toEqual(content)
    expect(chunks).toEqual(Array.from({ length: 10 }, (_, i) => [i * 100, 100]))
  })

  it('resumes after a cut connection', async () => {
    const { context, asked } = server(cut(300), cut(200, 206), partial())
    expect(await download(asset, context())).toEqual(content)
    expect(asked).toEqual([undefined, 'bytes=300-', 'bytes=500-'])
  })

  it('starts again if the server ignores Range', async () => {
    const { context, asked, chunks } = server(cut(300), whole())
    expect(await download(asset, context())).toEqual(content)
    expect(asked).toEqual([undefined, 'bytes=300-'])
    expect(chunks[3]).toEqual([0, 100])
  })

  it('resumes with the bytes of an earlier visit, and drops them if they are of another file', async () => {
    const good = server(partial())
    expect(await download(asset, good.context({ kept: content.slice(0, 400) }))).toEqual(content)
    expect(good.asked).toEqual(['bytes=400-'])
    const stale = server(partial(), whole())
    expect(await download(asset, stale.context({ kept: new Uint8Array(400) }))).toEqual(content)
    expect(stale.asked).toEqual(['bytes=400-', undefined])
  })

  it('refuses a changed byte, a longer and a shorter file', async () => {
    const changed = content.slice()
    changed[500]! ^= 1
    await expect(download(asset, server(whole(changed)).context())).rejects.toMatchObject({
      code: 'asset-corrupt',
      message: expect.stringContaining('SHA-256')
    })
    await expect(download(asset, server(whole(new Uint8Array(1001))).context())).rejects.toMatchObject({
      code: 'asset-corrupt',
      message: expect.stringContaining('longer')
    })
    const short = server(whole(content.slice(0, 900)), () => new Response(null, { status: 416 }))
    await expect(download(asset, short.context())).rejects.toMatchObject({
      code: 'asset-corrupt',
      message: expect.stringContaining('ends after 900')
    })
  })

  it('refuses a size that no memory holds before it asks for the file', async () => {
    const { context, asked } = server(whole())
    await expect(download({ ...asset, bytes: Number.MAX_SAFE_INTEGER }, context())).rejects.toMatchObject({
      code: 'device-unavailable',
      message: expect.stringContaining('9007199254740991 bytes')
    })
    expect(asked).toEqual([])
  })

  it('refuses a short file of a server without Range', async () => {
    const { context } = server(whole(content.slice(0, 900)))
    await expect(download(asset, context())).rejects.toMatchObject({ code: 'asset-corrupt' })
  })

  it('names a missing file, an HTML page in its place, and a refusal', async () => {
    const answer = (status: number, headers = {}) =>
      server(() => new Response('<!doctype html>', { status, headers })).context()
    await expect(download(asset, answer(404))).rejects.toMatchObject({ code: 'asset-missing' })
    await expect(download(asset, answer(200, { 'content-type': 'text/html; charset=utf-8' }))).rejects.toMatchObject({
      code: 'asset-missing',
      message: expect.stringContaining('HTML')
    })
    await expect(download(asset, answer(403))).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('403')
    })
  })

  it('tries a failing server four times and then gives up with the cause', async () => {
    const { context, asked } = server(() => {
      throw new TypeError('Failed to fetch')
    })
    await expect(download(asset, context())).rejects.toMatchObject({ code: 'network', cause: expect.any(TypeError) })
    expect(asked).toHaveLength(4)
  })

  it('passes the reason of an abort through, even while it waits to try again', async () => {
    const abort = new AbortController()
    const { context } = server(() => new Response(null, { status: 503 }))
    const loading = download(asset, context({ signal: abort.signal, delay: () => 60_000 }))
    setTimeout(() => abort.abort('enough'), 5)
    await expect(loading).rejects.toBe('enough')
  })

  it('gives up on a server that cuts, resumes, and serves wrong bytes each time', async () => {
    const wrong = new Uint8Array(1000)
    const { context, asked } = server(
      ...Array.from({ length: 40 }, (_, i) =>
        i % 2 === 0 ? () => new Response(body(wrong.slice(0, 300), true)) : partial(wrong)
      )
    )
    await expect(download(asset, context())).rejects.toMatchObject({
      code: 'asset-corrupt',
      message: expect.stringContaining('SHA-256')
    })
    expect(asked.length).toBeLessThanOrEqual(6)
  })

  it('gives up on a server without Range that cuts at varying places', async () => {
    const { context, asked } = server(...Array.from({ length: 60 }, (_, i) => cut(i % 2 === 0 ? 300 : 500)))
    await expect(download(asset, context())).rejects.toMatchObject({ code: 'network' })
    expect(asked.length).toBeLessThan(10)
  })

  it('gives up on a server that cuts each connection after a byte or two', async () => {
    const drip = (start: number): Response =>
      new Response(body(content.slice(start, start + 2), true), { status: start > 0 ? 206 : 200 })
    const { context, asked } = server(drip)
    await expect(download(asset, context())).rejects.toMatchObject({ code: 'network' })
    expect(asked.length).toBeLessThan(10)
  })

  it('finishes where each connection brings a few percent', async () => {
    const { context } = server(cut(100), ...Array.from({ length: 20 }, () => cut(100, 206)))
    expect(await download(asset, context())).toEqual(content)
  })
})

describe('download of a gzipped sibling', () => {
  const packed = { ...asset, gzipped: `${asset.url}.gz` }
  const gz = gzipSync(content)

  /** 100 kB that gzip cannot make smaller, so that the first half of them unpacks to about as many bytes. */
  function incompressible() {
    let state = 1
    const large = Uint8Array.from({ length: 100_000 }, () => (state = (state * 48_271) % 2_147_483_647) >> 8)
    const sha256 = createHash('sha256').update(large).digest('hex')
    return { large, file: { ...packed, bytes: large.length, sha256 } }
  }

  let release: () => void
  /** A body of `bytes` that ends with `end` once `release` has been called. */
  const held = (bytes: Uint8Array, end: (controller: ReadableStreamDefaultController) => void) => {
    const released = new Promise<void>((resolve) => (release = resolve))
    return () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(bytes),
          pull: (controller) => released.then(() => end(controller))
        })
      )
  }

  it('unpacks it, in one request, with offsets within the file', async () => {
    const { context, urls, notes, chunks } = server(whole(gz))
    expect(await download(packed, context())).toEqual(content)
    expect(urls).toEqual(['.onnx.gz'])
    expect(notes).toEqual([])
    const ends = chunks.map(([offset, length]) => offset + length)
    expect(chunks.map(([offset]) => offset)).toEqual([0, ...ends.slice(0, -1)])
    expect(ends.at(-1)).toBe(1000)
  })

  it('uses it as it is if the browser has unpacked it, because the server sent Content-Encoding', async () => {
    const { context, urls, notes } = server(whole())
    expect(await download(packed, context())).toEqual(content)
    expect([urls, notes]).toEqual([['.onnx.gz'], []])
  })

  it.each([
    ['a missing one', () => new Response('', { status: 404 }), '404'],
    ['a start page', () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }), 'HTML'],
    ['a failing server', () => new Response('', { status: 500 }), '500'],
    ['what is not gzip', whole(Uint8Array.of(0x1f, 1, 2, 3)), 'or unpacked'],
    ['that of another version', whole(gzipSync(content.map((byte) => byte + 1))), 'is not onnx/model.onnx gzipped'],
    ['that of a longer version', whole(gzipSync(new Uint8Array(2000))), 'longer'],
    ['that of a shorter version', whole(gzipSync(content.slice(0, 500))), 'ends after 500']
  ])('fetches the file itself instead of %s, and says why', async (_name, answer, words) => {
    const plain = (start: number) => (start > 0 ? partial() : whole())(start)
    const { context, urls, notes } = server(answer, plain)
    expect(await download(packed, context())).toEqual(content)
    expect(urls[0]).toBe('.onnx.gz')
    expect(urls.slice(1).every((url) => url === 'del.onnx')).toBe(true)
    expect(notes).toEqual([expect.stringContaining(words)])
    expect(notes[0]).toContain('The file itself is fetched instead.')
  })

  it('says nothing more about a missing sibling when the file itself changes during its download', async () => {
    const other = content.map((byte) => byte + 1)
    const { context, notes } = server(() => new Response('', { status: 404 }), cut(300), partial(other), whole())
    expect(await download(packed, context())).toEqual(content)
    expect(notes).toEqual([expect.stringContaining('404')])
  })

  it('resumes with the file itself where the connection was cut', async () => {
    const { large, file } = incompressible()
    const { context, asked, chunks } = server(
      held(gzipSync(large).subarray(0, 50_000), (controller) => controller.error(new TypeError('network error'))),
      partial(large)
    )
    const onChunk = async (chunk: Uint8Array, offset: number) => {
      chunks.push([offset, chunk.length])
      release()
    }
    expect(Buffer.compare(await download(file, context({ onChunk })), large)).toBe(0) // toEqual takes seconds
    expect(asked).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)])
    const ends = chunks.map(([offset, length]) => offset + length)
    expect(chunks.map(([offset]) => offset)).toEqual([0, ...ends.slice(0, -1)]) // no byte is received twice
  })

  it('resumes the bytes of an earlier visit with the file itself', async () => {
    const { context, urls, asked } = server(partial())
    expect(await download(packed, context({ kept: content.slice(0, 400) }))).toEqual(content)
    expect([urls, asked]).toEqual([['del.onnx'], ['bytes=400-']])
  })

  it('passes the reason of an abort in its middle through, and requests nothing more', async () => {
    const { large, file } = incompressible()
    const abort = new AbortController()
    const { context, urls } = server(
      held(gzipSync(large).subarray(0, 50_000), (controller) => controller.error(abort.signal.reason))
    )
    const onChunk = async () => {
      abort.abort('enough')
      release()
    }
    await expect(download(file, context({ signal: abort.signal, onChunk }))).rejects.toBe('enough')
    expect(urls).toEqual(['.onnx.gz'])
  })
})
