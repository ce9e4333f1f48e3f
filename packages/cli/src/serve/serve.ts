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

/** Milliseconds after the deadline for sending the last responses. */
const GRACE_MS = 1_000

/** Reasons for a failed listen, by the system's code. */
const REFUSED: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program; name another --port',
  EACCES: 'may not be opened by this user; name a --port above 1023',
  EADDRNOTAVAIL: 'is not an address of this machine; correct --host',
  ENOTFOUND: 'is not an address that can be found; correct --host'
}

/** Throws `config-invalid` if the address cannot be used. */
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
      // Clients that have not sent their request or read their response by now must not hold the server open.
      const timer = setTimeout(() => app.server.closeAllConnections(), deadlineMs + GRACE_MS)
      await app.close()
      clearTimeout(timer)
    }
  }
}
