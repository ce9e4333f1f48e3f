import { MatcherError } from '@sohu-match/sdk-node'

/** A file of vectors that is written in parts and renamed once it is complete. */
export interface VectorFile {
  /** [rows, width]. */
  write(rows: Float32Array): Promise<void>
  /** Completes and renames the file. */
  finish(): Promise<void>
  /** Removes the incomplete file. */
  discard(): Promise<void>
}

/** Converts failures to write `path` to `storage`. */
export function guardWrites(path: string): <R>(work: () => R | Promise<R>) => Promise<R> {
  return async (work) => {
    try {
      return await work()
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
      throw new MatcherError(
        'storage',
        `Could not write ${path} (${reason}). Check the path, and the space on the disk.`,
        { cause }
      )
    }
  }
}
