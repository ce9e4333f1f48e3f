import { MatcherError, type MatcherErrorCode } from '@sohu-match/sdk-node'
import type { FastifyError } from 'fastify'

/** The body of every answer that is not a success: `error_type` in text-embeddings-inference's words, `code` in ours. */
export interface ErrorBody {
  readonly error: string
  readonly error_type: 'Validation' | 'Overloaded' | 'Backend' | 'Unhealthy'
  readonly code: string
}

/** Status of each code; the rest are 500. */
const STATUS: Partial<Record<MatcherErrorCode, number>> = {
  'input-invalid': 422,
  'task-unknown': 422,
  'queue-full': 429,
  'deadline-exceeded': 503,
  disposed: 503,
  'device-lost': 503
}

/** Codes of fastify's own refusals, in our words. */
const TRANSPORT: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unsupported',
  FST_ERR_VALIDATION: 'input-invalid'
}

/** The answer to an error: its status, its body, and whether the client is told to come again (429 and 503). */
export function answerTo(error: unknown): { status: number; body: ErrorBody; retry: boolean } {
  const status = statusOf(error)
  const retry = status === 429 || status === 503
  const { code = '', message } = error as { code?: string; message: string }
  const isOurs = error instanceof MatcherError
  return {
    status,
    retry,
    body: {
      // What went wrong inside is for the log, not for strangers.
      error: status === 500 && !isOurs ? 'The server failed; its log says why.' : message,
      error_type:
        status === 429 ? 'Overloaded' : status === 503 ? 'Unhealthy' : status >= 500 ? 'Backend' : 'Validation',
      code: isOurs ? code : (TRANSPORT[code] ?? (status < 500 ? 'request-invalid' : 'internal'))
    }
  }
}

function statusOf(error: unknown): number {
  if (error instanceof MatcherError) return STATUS[error.code] ?? 500
  const { statusCode } = error as FastifyError
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 600 ? statusCode : 500
}
