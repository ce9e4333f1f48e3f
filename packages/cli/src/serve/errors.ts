import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { MatcherError, type MatcherErrorCode } from '@sohu-match/sdk-node'

/** The body of every answer that is not a success: `error_type` in text-embeddings-inference's words, `code` in ours. */
export interface ErrorBody {
  readonly error: string
  readonly error_type: 'Validation' | 'Overloaded' | 'Backend' | 'Unhealthy'
  readonly code: string
}

/** What a client is told of each code of the SDK that is not a failure inside: its status. The message is the SDK's. */
const STATUS: Partial<Record<MatcherErrorCode, number>> = {
  'input-invalid': 422,
  'task-unknown': 422,
  'architecture-mismatch': 422,
  'vectors-mismatch': 409,
  'queue-full': 429,
  'deadline-exceeded': 503,
  disposed: 503
}

/** Failures inside that may be over when the client asks again, in words that say nothing of what runs here. */
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

/** An answer to an error: its status, its body, and whether the client is asked to try again (429 and 503). */
export interface ErrorAnswer {
  readonly status: number
  readonly body: ErrorBody
  readonly retry: boolean
}

/** A refusal of the server's own, to be thrown in a handler. */
export function refusal(status: number, code: string, message: string): Error {
  return Object.assign(new Error(message), { statusCode: status, refusal: code })
}

/** The answer to an error. What went wrong inside is for the log, not for strangers. */
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

/** Statuses of what Node's HTTP parser refuses; the rest are 400. */
const PARSER: Readonly<Record<string, readonly [status: number, error: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request was not sent in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are too large.']
}

/** Milliseconds in which a client may take the answer to a request that could not be read. */
const UNREADABLE_MS = 1_000

/** Answers, in the same form, a request that never became one because its HTTP could not be read. */
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
