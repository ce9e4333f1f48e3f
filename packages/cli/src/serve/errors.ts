import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { MatcherError, type MatcherErrorCode } from '@sohu-match/sdk-node'

/** The body of every unsuccessful response: `error_type` as in text-embeddings-inference, `code` from the SDK. */
export interface ErrorBody {
  readonly error: string
  readonly error_type: 'Validation' | 'Overloaded' | 'Backend' | 'Unhealthy'
  readonly code: string
}

/** Status of SDK errors that are the client's. The message is the SDK's. */
const STATUS: Partial<Record<MatcherErrorCode, number>> = {
  'input-invalid': 422,
  'task-unknown': 422,
  'architecture-mismatch': 422,
  'vectors-mismatch': 409,
  'queue-full': 429,
  'deadline-exceeded': 503,
  disposed: 503
}

/** Temporary internal failures, in words that reveal nothing about the server. */
const INSIDE: Partial<Record<MatcherErrorCode, { readonly status: number; readonly error: string }>> = {
  'device-lost': { status: 503, error: 'The device was lost; try again.' },
  'inference-failed': { status: 500, error: 'The model failed on this batch; try again.' }
}

/** Codes of Fastify and Node, in our words. */
const TRANSPORT: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unsupported',
  FST_ERR_VALIDATION: 'input-invalid'
}

/** Status and body of an error response, and whether the client should try again (429 and 503). */
export interface ErrorAnswer {
  readonly status: number
  readonly body: ErrorBody
  readonly retry: boolean
}

/** An error of the server's own, to be thrown in a handler. */
export function refusal(status: number, code: string, message: string): Error {
  return Object.assign(new Error(message), { statusCode: status, refusal: code })
}

/** Internal failures are for the log, not for strangers. */
export function answerTo(error: unknown): ErrorAnswer {
  if (error instanceof MatcherError) {
    const { code, message } = error
    const inside = INSIDE[code]
    const status = inside?.status ?? STATUS[code]
    return status === undefined ? failed() : answer(status, code, inside?.error ?? message)
  }
  const { statusCode: status, message, code, refusal } = error as Partial<Record<string, unknown>>
  if (typeof status !== 'number' || status < 400 || typeof message !== 'string') return failed()
  if (typeof refusal === 'string') return answer(status, refusal, message)
  return status < 500 ? answer(status, TRANSPORT[String(code)] ?? 'request-invalid', message) : failed()
}

function failed(): ErrorAnswer {
  return answer(500, 'internal', 'The server failed; its log says why.')
}

function answer(status: number, code: string, error: string): ErrorAnswer {
  const error_type =
    status === 429 ? 'Overloaded' : status === 503 ? 'Unhealthy' : status >= 500 ? 'Backend' : 'Validation'
  return { status, body: { error, error_type, code }, retry: status === 429 || status === 503 }
}

/** Statuses of errors of Node's HTTP parser; all others are 400. */
const PARSER: Readonly<Record<string, readonly [status: number, error: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request was not sent in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are too large.']
}

/** Milliseconds that a client has to read the response to an unreadable request. */
const UNREADABLE_MS = 1_000

/** Responds, in the same form, to a request whose HTTP could not be parsed. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, message] = PARSER[error.code ?? ''] ?? [400, 'The request is not valid HTTP/1.1.']
  const body = JSON.stringify(answer(status, 'request-invalid', message).body)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
  setTimeout(() => socket.destroy(), UNREADABLE_MS).unref() // its client may not be reading either
}
