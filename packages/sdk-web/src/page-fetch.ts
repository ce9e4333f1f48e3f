import { messageOf } from '@sohu-match/core'
import type { FetchPull, FetchPush, FetchRequest } from './messages'

/** Fetches for a worker with the caller's `fetch`, chunk by chunk. Never throws: failures go through the port. */
export async function fetchForWorker(request: FetchRequest, fetch: typeof globalThis.fetch): Promise<void> {
  const { port, url, headers, cache } = request
  const push = (message: FetchPush, transfer: Transferable[] = []) => port.postMessage(message, transfer)
  const abort = new AbortController()
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  const guard = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (cause) {
      push({ type: 'failure', message: messageOf(cause) })
    }
  }
  port.onmessage = ({ data }: MessageEvent<FetchPull>) => {
    if (data === 'cancel') return abort.abort()
    void guard(async () => {
      const next = await reader?.read()
      const chunk = next?.value && new Uint8Array(next.value) // a copy: the caller's stream may keep its buffer
      push({ type: 'chunk', chunk }, chunk ? [chunk.buffer] : [])
    })
  }
  await guard(async () => {
    const response = await fetch(url, { headers, cache, signal: abort.signal })
    reader = response.body?.getReader() as typeof reader
    push({ type: 'head', status: response.status, statusText: response.statusText, headers: [...response.headers] })
  })
}
