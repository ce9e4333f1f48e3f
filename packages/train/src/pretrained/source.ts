import { MatcherError, type SafetensorsDtype } from '@sohu-match/core'

/** A tensor of a foreign checkpoint, read when needed. */
export interface SourceTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: SafetensorsDtype
  /** Row-major, widened or rounded to float32. Throws `checkpoint-invalid` for damaged bytes. */
  readonly read: () => Promise<Float32Array>
}

/** A foreign checkpoint. */
export interface TensorSource {
  /** The files read, for messages. */
  readonly files: readonly string[]
  readonly tensors: ReadonlyMap<string, SourceTensor>
  readonly close: () => Promise<void>
}

/** `checkpoint-invalid` for a file (and tensor); `found` also says what was expected or what to do. */
export function damaged(place: string, found: string, cause?: unknown): MatcherError {
  return new MatcherError('checkpoint-invalid', `${place}: ${found}.`, { cause })
}

/** Runs a parser of untrusted bytes and converts its errors to `checkpoint-invalid`. */
export function guarded<T>(place: string, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (cause instanceof MatcherError) throw cause
    throw damaged(
      place,
      `${what} cannot be read (${(cause as Error).message}); the file is cut short or damaged, fetch it again`,
      cause
    )
  }
}
