import { describe, expect, it } from 'vitest'
import { fetchForWorker } from './page-fetch'
import { createRemoteFetch } from './worker/remote-fetch'

/** A worker's fetch whose wishes the page fulfils with `fetch`, both in this process. */
const bridged = (fetch: typeof globalThis.fetch) => createRemoteFetch((wish) => void fetchForWorker(wish, fetch))

describe('a fetch that the page does for its worker', () => {
  it('passes address, headers, cache mode, status and body through', async () => {
    const fetch = bridged(
      async (url, init) =>
        new Response(JSON.stringify({ url, ...init, signal: undefined }), {
          status: 206,
          headers: { 'content-range': 'bytes 5-9/10' }
        })
    )
    const response = await fetch('https://models.example/a', { headers: { range: 'bytes=5-' }, cache: 'no-store' })
    expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 5-9/10'])
    expect(await response.json()).toMatchObject({
      url: 'https://models.example/a',
      headers: { range: 'bytes=5-' },
      cache: 'no-store'
    })
  })

  it('asks for the next chunk only when the last one was taken', async () => {
    let pulled = 0
    const source = new ReadableStream(
      { pull: (controller) => controller.enqueue(new Uint8Array([++pulled])) },
      { highWaterMark: 0 }
    )
    const reader = (await bridged(async () => new Response(source))('/')).body!.getReader()
    expect((await reader.read()).value).toEqual(new Uint8Array([1]))
    expect((await reader.read()).value).toEqual(new Uint8Array([2]))
    expect(pulled).toBe(2)
    await reader.cancel()
  })

  it('rejects with the message of a failure, before and after the head', async () => {
    await expect(
      bridged(async () => {
        throw new Error('no ticket')
      })('/')
    ).rejects.toThrow('no ticket')
    const cut = new ReadableStream({ start: (controller) => controller.error(new Error('cut')) })
    await expect((await bridged(async () => new Response(cut))('/')).text()).rejects.toThrow('cut')
  })

  it("passes an abort on to the caller's fetch", async () => {
    const abort = new AbortController()
    let seen: AbortSignal | undefined
    const pending = bridged((_url, init) => {
      seen = init!.signal!
      return new Promise(() => {})
    })('/', { signal: abort.signal })
    await new Promise((resolve) => setTimeout(resolve))
    abort.abort('enough')
    await expect(pending).rejects.toBe('enough')
    await expect.poll(() => seen!.aborted).toBe(true)
  })
})
