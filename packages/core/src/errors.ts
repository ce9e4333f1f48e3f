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
  'vectors-mismatch',
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

/** Marks an error of any copy of this class: a program may hold one from ES modules, one from CommonJS, and one in a bundle. */
const BRAND = Symbol.for('sohu-match.MatcherError')

/**
 * The one error class of sohu-match: `code` for programs; the message says what was found, what was wanted and what to do. `instanceof` also
 * holds for the errors of another copy of this package.
 */
export class MatcherError extends Error {
  override readonly name = 'MatcherError'
  readonly code: MatcherErrorCode

  constructor(code: MatcherErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, BRAND, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const isOurs = value instanceof Error && BRAND in value
    return this === MatcherError ? isOurs : isOurs && Function.prototype[Symbol.hasInstance].call(this, value)
  }
}

/** The message of whatever was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
