/** The first group is thrown by the SDKs, the second by training and export. */
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

/** The kind of failure, stable across releases, for programs; messages are for people. */
export type MatcherErrorCode = (typeof ERROR_CODES)[number]

/** Recognizes errors of any copy of this class: ES modules, CommonJS and bundles each have their own. */
const BRAND = Symbol.for('sohu-match.MatcherError')

/**
 * The only error class of sohu-match. The message says what was found, what was expected and what to do. `instanceof`
 * also recognizes errors of another copy of this package.
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

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
