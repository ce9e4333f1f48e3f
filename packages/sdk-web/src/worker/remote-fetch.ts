import type { FetchPull, FetchPush, FetchRequest } from '../messages'

/** Statuses whose `Response` must not have a body. */
const BODILESS = new Set([101, 103, 204, 205, 304])

/** A `fetch` through the page, for callers with their own: functions cannot be sent to a worker. */
export function createRemoteFetch(post: (request: FetchRequest, transfer: Transferable[]) => void): typeof fetch {
  return (input, init) =>
    new Promise((resolve, reject) => {
      const { port1: port, port2 } = new MessageChannel()
      const tell = (message: FetchPull) => port.postMessage(message)
      let onChunk: (push: Exclude<FetchPush, { type: 'head' }>) => void = () => {}
      const body = new ReadableStream<Uint8Array>(
        {
          pull: (controller) =>
            new Promise<void>((done) => {
              onChunk = (push) => {
                if (push.type === 'failure') controller.error(new TypeError(push.message))
                else if (push.chunk) controller.enqueue(push.chunk)
                else controller.close()
                done()
              }
              tell('pull')
            }),
          cancel: () => tell('cancel')
        },
        { highWaterMark: 0 }
      )
      port.onmessage = ({ data }: MessageEvent<FetchPush>) => {
        if (data.type === 'head') {
          resolve(
            new Response(BODILESS.has(data.status) ? null : body, {
              status: data.status,
              statusText: data.statusText,
              headers: data.headers
            })
          )
          return
        }
        if (data.type === 'failure') reject(new TypeError(data.message))
        onChunk(data)
      }
      init?.signal?.addEventListener(
        'abort',
        () => {
          tell('cancel')
          reject(init.signal!.reason)
        },
        { once: true }
      )
      post(
        {
          type: 'fetch',
          url: String(input),
          headers: (init?.headers ?? {}) as Record<string, string>,
          cache: init?.cache ?? 'default',
          port: port2
        },
        [port2]
      )
    })
}
