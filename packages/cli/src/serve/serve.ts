import type { FastifyInstance } from 'fastify'
import { createApp, type AppOptions } from './app'

/** Where a server listens, besides its limits. */
export interface ServeOptions extends AppOptions {
  readonly host: string
  readonly port: number
}

/** A server that listens. */
export interface Server {
  readonly address: string
  readonly app: FastifyInstance
  /** Takes no more requests (503) and answers those it has. */
  close(): Promise<void>
}

/** Milliseconds beyond the deadline in which the last answers are sent. */
const GRACE_MS = 1_000

/** Starts listening. Rejects with Node's own error where the port is taken. */
export async function startServer(options: ServeOptions): Promise<Server> {
  const app = await createApp(options)
  const address = await app.listen({ host: options.host, port: options.port })
  return {
    address,
    app,
    async close() {
      // Whoever has not sent its request by now was not accepted, and must not hold the server open.
      const timer = setTimeout(() => app.server.closeAllConnections(), options.deadlineMs + GRACE_MS)
      await app.close()
      clearTimeout(timer)
    }
  }
}
