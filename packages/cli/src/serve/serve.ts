import { MatcherError } from '@sohu-match/sdk-node'
import type { FastifyInstance } from 'fastify'
import { createApp, type AppOptions } from './app'

/** Where a server listens, besides its limits. */
export interface ServeOptions extends AppOptions {
  readonly port: number
}

/** A server that listens. */
export interface Server {
  readonly address: string
  readonly app: FastifyInstance
  /** Refuses new requests (503) and answers those it has. */
  close(): Promise<void>
}

/** Milliseconds beyond the deadline in which the last answers are sent. */
const GRACE_MS = 1_000

/** Why an address cannot be listened on, by the system's code. */
const REFUSED: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program; name another --port',
  EACCES: 'may not be opened by this user; name a --port above 1023',
  EADDRNOTAVAIL: 'is not an address of this machine; correct --host',
  ENOTFOUND: 'is not an address that can be found; correct --host'
}

/** Starts listening. Throws `config-invalid` where the address cannot be listened on. */
export async function startServer(options: ServeOptions): Promise<Server> {
  const { host, port, deadlineMs } = options
  const app = await createApp(options)
  const address = await app.listen({ host, port }).catch(async (cause: NodeJS.ErrnoException) => {
    await app.close()
    const reason = REFUSED[cause.code ?? ''] ?? `cannot be listened on (${cause.code ?? cause.message})`
    throw new MatcherError('config-invalid', `${host}:${port} ${reason}.`, { cause })
  })
  return {
    address,
    app,
    async close() {
      // Whoever has not sent its request or taken its answer by now must not hold the server open.
      const timer = setTimeout(() => app.server.closeAllConnections(), deadlineMs + GRACE_MS)
      await app.close()
      clearTimeout(timer)
    }
  }
}
