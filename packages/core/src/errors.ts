/** Every code that a `MatcherError` can carry. The first group comes from the SDKs, the second from training and export. */
export const ERROR_CODES = [
  'manifest-invalid',
  'asset-missing',
  'asset-corrupt',
  'device-unavailable',
  'device-lost',
  'dtype-missing',
  'task-unknown',
  'architecture-mismatch',
  'input-invalid',
  'queue-full',
  'deadline-exceeded',
  'inference-failed',
  'network',
  'disposed',
  'data-invalid',
  'config-invalid',
  'checkpoint-invalid',
  'output-exists',
  'gate-failed',
  'storage'
] as const

/** The kind of failure, stable across releases: programs branch on it, people read the message. */
export type MatcherErrorCode = (typeof ERROR_CODES)[number]

/** The one error class of sohu-match: `code` for programs; the message says what was found, what was wanted and what to do. */
export class MatcherError extends Error {
  override readonly name = 'MatcherError'
  readonly code: MatcherErrorCode

  constructor(code: MatcherErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
