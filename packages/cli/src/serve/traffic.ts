import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from './errors'

/** Limits on the memory for slow clients. */
export interface TrafficLimits {
  /** Maximum connections; more are closed without a response. */
  readonly maxConnections: number
  /** Bytes of a body. */
  readonly bodyLimit: number
  /** Milliseconds that a client has to send its request, and to read the response. */
  readonly requestTimeoutMs: number
}

/** Maximum bodies of full size in memory. */
const LARGE_BODIES = 32
/** Bytes of a body that is always accepted: even all connections together hold little. */
const SMALL_BODY = 2 ** 16
/** Bytes of unread responses; beyond it the slowest clients are disconnected. */
const UNREAD_ANSWERS = 2 ** 26

/** Limits the memory held by slow clients: bodies that are read or judged, and unread responses. */
export function boundTraffic(app: FastifyInstance, limits: TrafficLimits): void {
  boundConnections(app, limits)
  boundBodies(app, limits)
  boundAnswers(app, limits)
}

/**
 * Closes connections beyond the maximum. Not with `server.maxConnections`, which does not count connections that another process accepted.
 */
function boundConnections(app: FastifyInstance, { maxConnections }: TrafficLimits): void {
  let open = 0
  app.server.on('connection', (socket) => {
    if (open >= maxConnections) return void socket.destroy()
    open++
    socket.once('close', () => open--)
  })
}

/** Rejects a large body (503) while too many are in memory. */
function boundBodies(app: FastifyInstance, { bodyLimit }: TrafficLimits): void {
  let held = 0
  app.addHook('onRequest', async (request, reply) => {
    const size = bodySize(request, bodyLimit)
    if (size <= SMALL_BODY) return
    if (held + size > LARGE_BODIES * bodyLimit)
      throw refusal(503, 'overloaded', 'Too many large requests are under way; try again.')
    held += size
    reply.raw.once('close', () => (held -= size))
  })
}

/** Bytes that a request may bring: its content length, or for chunks the limit. */
function bodySize({ headers }: FastifyRequest, bodyLimit: number): number {
  const length = headers['content-length']
  if (length !== undefined) return Math.min(Number(length), bodyLimit)
  return headers['transfer-encoding'] === undefined ? 0 : bodyLimit
}

/** A response that has not been read. */
interface Unread {
  readonly bytes: number
  readonly socket: Socket
}

/** Disconnects clients that do not read their response in time, and the slowest ones while too much is unread. */
function boundAnswers(app: FastifyInstance, { requestTimeoutMs }: TrafficLimits): void {
  const unread = new Set<Unread>() // oldest first
  let bytes = 0
  app.addHook('onSend', async (request, reply, payload) => {
    request.body = undefined // judged; while the client reads, only the response is held
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return
    const answer = { bytes: Buffer.byteLength(payload), socket: request.raw.socket }
    unread.add(answer)
    bytes += answer.bytes
    const timer = setTimeout(() => answer.socket.destroy(), requestTimeoutMs)
    onceTaken(reply, () => {
      clearTimeout(timer)
      unread.delete(answer)
      bytes -= answer.bytes
    })
    for (const { socket } of unread) {
      if (bytes <= UNREAD_ANSWERS) break
      if (socket !== answer.socket) cut(socket)
    }
  })

  function cut(socket: Socket): void {
    for (const one of unread) {
      if (one.socket !== socket) continue
      unread.delete(one)
      bytes -= one.bytes
    }
    socket.destroy()
  }
}

/** Calls back once, when the response's last byte has been passed to the system or the connection has closed. */
function onceTaken(reply: FastifyReply, taken: () => void): void {
  let isTaken = false
  const once = (): void => {
    if (!isTaken) taken()
    isTaken = true
  }
  reply.raw.once('finish', once)
  reply.raw.once('close', once)
}
