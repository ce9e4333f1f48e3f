import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from './errors'

/** How much of what clients send and do not take is held in memory. */
export interface TrafficLimits {
  /** Connections at once; more are closed unanswered. */
  readonly maxConnections: number
  /** Bytes of a body. */
  readonly bodyLimit: number
  /** Milliseconds in which a client must have sent its request, and in which it must take the answer. */
  readonly requestTimeoutMs: number
}

/** Bodies of full size that are held at once. */
const LARGE_BODIES = 32
/** Bytes of a body that always has room: all connections together hold little of it. */
const SMALL_BODY = 2 ** 16
/** Bytes of answers that clients have not taken yet; beyond it the slowest clients are cut off. */
const UNREAD_ANSWERS = 2 ** 26

/** Bounds the memory that slow clients hold: of bodies that are read or judged, and of answers that nobody takes. */
export function boundTraffic(app: FastifyInstance, limits: TrafficLimits): void {
  app.server.maxConnections = limits.maxConnections
  boundBodies(app, limits)
  boundAnswers(app, limits)
}

/** Refuses a large body (503) while too many are held. */
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

/** Bytes that a request may bring: what it says, or in chunks as many as are allowed. */
function bodySize({ headers }: FastifyRequest, bodyLimit: number): number {
  const length = headers['content-length']
  if (length !== undefined) return Math.min(Number(length), bodyLimit)
  return headers['transfer-encoding'] === undefined ? 0 : bodyLimit
}

/** An answer on its way. */
interface Unread {
  readonly bytes: number
  readonly socket: Socket
}

/** Cuts off clients that do not take their answer in time, and the slowest ones while too much is unread. */
function boundAnswers(app: FastifyInstance, { requestTimeoutMs }: TrafficLimits): void {
  const unread = new Set<Unread>() // oldest first
  let bytes = 0
  app.addHook('onSend', async (request, reply, payload) => {
    request.body = undefined // judged; while the client reads, only the answer is held
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

/** Calls back once, when the last byte of an answer has been given to the system or the connection has closed. */
function onceTaken(reply: FastifyReply, taken: () => void): void {
  let isTaken = false
  const once = (): void => {
    if (!isTaken) taken()
    isTaken = true
  }
  reply.raw.once('finish', once)
  reply.raw.once('close', once)
}
