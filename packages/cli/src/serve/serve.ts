import { EventEmitter, once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { MatcherError } from '@sohu-match/sdk-node'
import type { FastifyInstance } from 'fastify'
import { createApp, type AppOptions } from './app'

export interface ServeOptions extends AppOptions {
  readonly port: number
}

export interface Server {
  readonly address: string
  readonly app: FastifyInstance
  /** Rejects new requests (503) and completes those it has. */
  close(): Promise<void>
}

/** A server without a port of its own: it serves the connections that it is given. */
export interface PortlessServer extends Pick<Server, 'close'> {
  /** Serves a connection; calls `onClosed` when it has ended. */
  take(socket: Socket, onClosed: () => void): void
  /**
   * Answers the requests on all open connections and resolves when they have ended, each after its next response or when idle. None is cut off
   * while a request could be arriving on it, within the time limits.
   */
  drain(): Promise<void>
}

type TimeLimits = Pick<ServeOptions, 'deadlineMs' | 'requestTimeoutMs'>

/** Milliseconds after the deadline for sending the last responses. */
const GRACE_MS = 1_000

/** Milliseconds of the slowest request: sent, judged, and its response read. */
const slowestMs = ({ deadlineMs, requestTimeoutMs }: TimeLimits): number => deadlineMs + 2 * requestTimeoutMs

/** Milliseconds within which a server has drained and closed. */
export const drainedMs = (limits: TimeLimits): number => slowestMs(limits) + limits.deadlineMs + GRACE_MS

/** Reasons for a failed listen, by the system's code. */
const REFUSED: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program; name another --port',
  EACCES: 'may not be opened by this user; name a --port above 1023',
  EADDRNOTAVAIL: 'is not an address of this machine; correct --host',
  ENOTFOUND: 'is not an address that can be found; correct --host'
}

export function listenFailure(host: string, port: number, cause: NodeJS.ErrnoException): MatcherError {
  const reason = REFUSED[cause.code ?? ''] ?? `cannot be listened on (${cause.code ?? cause.message})`
  return new MatcherError('config-invalid', `${host}:${port} ${reason}.`, { cause })
}

/** Throws `config-invalid` if the address cannot be used. */
export async function startServer(options: ServeOptions): Promise<Server> {
  const { host, port } = options
  const app = await createApp(options)
  const address = await app.listen({ host, port }).catch(async (cause: NodeJS.ErrnoException) => {
    await app.close()
    throw listenFailure(host, port, cause)
  })
  return { address, app, close: () => closeInTime(app, options, () => app.close()) }
}

/** Starts a server for connections that another process accepts. */
export async function startPortlessServer(options: AppOptions): Promise<PortlessServer> {
  let isDraining = false
  const app = await createApp({ ...options, isDraining: () => isDraining })
  await app.ready()
  app.server.emit('listening') // starts Node's watch over requests that are not sent in time
  const open = new Set<Socket>()
  const ends = new EventEmitter()
  const empty = async (): Promise<void> => {
    if (open.size > 0) await once(ends, 'empty')
  }

  const close = (): Promise<void> =>
    closeInTime(app, options, async () => {
      await app.close()
      await empty()
    })
  return {
    take(socket, onClosed) {
      open.add(socket)
      socket.once('close', () => {
        open.delete(socket)
        if (open.size === 0) ends.emit('empty')
        onClosed()
      })
      app.server.emit('connection', socket)
    },
    close,
    async drain() {
      isDraining = true
      const late = new AbortController()
      await Promise.race([
        empty(),
        sleep(slowestMs(options), undefined, { signal: late.signal }).catch(() => undefined)
      ])
      late.abort()
      await close()
    }
  }
}

/** Whoever has not sent its request or taken its answer in time does not hold a server open. */
async function closeInTime(
  app: FastifyInstance,
  { deadlineMs }: TimeLimits,
  close: () => Promise<void>
): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), deadlineMs + GRACE_MS)
  await close()
  clearTimeout(timer)
}
