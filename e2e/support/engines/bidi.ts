import { once } from 'node:events'
import { WebSocket } from 'ws'

/** A connection of WebDriver BiDi (w3.org/TR/webdriver-bidi). */
export interface Bidi {
  /** Sends a command and returns its result. Throws the browser's error. */
  send<T>(method: string, params?: object): Promise<T>
  close(): void
}

interface Reply {
  readonly id?: number
  readonly type: 'success' | 'error' | 'event'
  readonly result?: unknown
  readonly error?: string
  readonly message?: string
}

/** Connects to the address that a browser has printed. */
export async function connectBidi(address: string): Promise<Bidi> {
  const socket = new WebSocket(`${address}/session`, { maxPayload: 1 << 28 })
  await once(socket, 'open')
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let count = 0
  socket.on('message', (data) => {
    const { id, type, result, error, message } = JSON.parse(String(data)) as Reply
    const call = id === undefined ? undefined : waiting.get(id)
    if (!call) return
    waiting.delete(id!)
    if (type === 'success') call.resolve(result)
    else call.reject(new Error(`${error}: ${message}`))
  })
  socket.on('close', () => waiting.forEach(({ reject }) => reject(new Error('The browser closed the connection.'))))
  return {
    send: <T>(method: string, params: object = {}) =>
      new Promise<T>((resolve, reject) => {
        const id = ++count
        waiting.set(id, { resolve: (value) => resolve(value as T), reject })
        socket.send(JSON.stringify({ id, method, params }))
      }),
    close: () => socket.close()
  }
}
