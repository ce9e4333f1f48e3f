import { createHash } from 'node:crypto'
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
  const chunks: [offset: number, length: number][] = []
  const context = (extra: Partial<DownloadContext> = {}): DownloadContext => ({
    fetch: async (_url, init) => {
      init?.signal?.throwIfAborted()
      const range = (init?.headers as Record<string, string>).range
      asked.push(range)
      return answers[Math.min(asked.length, answers.length) - 1]!(range ? Number(range.slice(6, -1)) : 0)
    },
    cache: 'no-store',
    signal: new AbortController().signal,
    onChunk: async (chunk, offset) => void chunks.push([offset, chunk.length]),
    delay: () => 0,
    ...extra
  })
  return { asked, chunks, context }
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
  it('returns the bytes and tells every chunk with its offset', async () => {
    const { context, chunks } = server(whole())
    expect(await download(asset, context())).toEqual(content)
    expect(chunks).toEqual(Array.from({ length: 10 }, (_, i) => [i * 100, 100]))
  })

  it('takes a cut connection up where it ended', async () => {
    const { context, asked } = server(cut(300), cut(200, 206), partial())
    expect(await download(asset, context())).toEqual(content)
    expect(asked).toEqual([undefined, 'bytes=300-', 'bytes=500-'])
  })

  it('starts anew where the server ignores Range', async () => {
    const { context, asked, chunks } = server(cut(300), whole())
    expect(await download(asset, context())).toEqual(content)
    expect(asked).toEqual([undefined, 'bytes=300-'])
    expect(chunks[3]).toEqual([0, 100])
  })

  it('goes on from the bytes of an earlier visit, and drops them when they were another file', async () => {
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

  it('gives up on a server without Range that cuts at ever other places', async () => {
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
