import { MatcherError } from '@sohu-match/sdk-node'

/** A file of vectors that is written a few rows at a time and appears under its name once it is whole. */
export interface VectorFile {
  /** Adds rows [rows, width]. */
  write(rows: Float32Array): Promise<void>
  /** Completes the file and renames it to its own name. */
  finish(): Promise<void>
  /** Removes what was written. */
  discard(): Promise<void>
}

/** Turns what fails while `path` is written into `storage`. */
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
