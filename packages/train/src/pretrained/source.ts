import { MatcherError, type SafetensorsDtype } from '@sohu-match/core'

/** A tensor of a foreign checkpoint that is read only when its turn comes. */
export interface SourceTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: SafetensorsDtype
  /** Its values, row-major, widened or rounded to float32. Throws `checkpoint-invalid` for damaged bytes. */
  readonly read: () => Promise<Float32Array>
}

/** A foreign checkpoint: where its tensors are and how to read each. */
export interface TensorSource {
  /** The files read, as a person should see them. */
  readonly files: readonly string[]
  readonly tensors: ReadonlyMap<string, SourceTensor>
  readonly close: () => Promise<void>
}

/** `checkpoint-invalid` for a file (and tensor): what was found, what was wanted or what to do. */
export function damaged(place: string, found: string, cause?: unknown): MatcherError {
  return new MatcherError('checkpoint-invalid', `${place}: ${found}.`, { cause })
}

/** Runs a parser over bytes from outside; whatever it throws that is not ours becomes `checkpoint-invalid`. */
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
