import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** One answered request, without texts or addresses besides the route: a query may contain anything. */
export interface AccessEntry {
  readonly time: string
  readonly id: string
  readonly method: string
  readonly route: string
  readonly status: number
  /** Milliseconds from the request's arrival to the response's last byte. */
  readonly ms: number
  /** Number of judged pairs. */
  readonly pairs: number
  /** Code of the error, if any. */
  readonly code?: string | undefined
}

export const LOG_FORMATS = ['json', 'text', 'off'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

declare module 'fastify' {
  interface FastifyRequest {
    /** Number of judged pairs. */
    pairs: number
    /** Code of the error in the response. */
    errorCode: string | undefined
  }
}

/** The client's `x-request-id` if it is a plain word, otherwise a new one. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:@/+=-]{1,128}$/.test(given) ? given : randomUUID()
}

/** Returns each request's id, and reports the request once it is answered or its client has gone (499, as in nginx). */
export function logAccess(app: FastifyInstance, onAccess: ((entry: AccessEntry) => void) | undefined): void {
  app.decorateRequest('pairs', 0)
  app.decorateRequest('errorCode', undefined)
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id)
    if (!onAccess) return
    reply.raw.once('close', () => {
      onAccess({
        time: new Date().toISOString(),
        id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.raw.writableFinished ? reply.statusCode : 499,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        pairs: request.pairs,
        code: request.errorCode
      })
    })
  })
}

/** JSON, or words for people. */
export function accessLine(entry: AccessEntry, format: Exclude<LogFormat, 'off'>): string {
  if (format === 'json') return JSON.stringify(entry)
  const { time, id, method, route, status, ms, pairs, code } = entry
  return `${time} ${id} ${method} ${route} ${status} ${ms} ms, ${pairs} pairs${code === undefined ? '' : `, ${code}`}`
}
