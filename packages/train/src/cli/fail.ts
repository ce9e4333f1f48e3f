import { MatcherError } from '@sohu-match/core'

/** Ends the program for an error: one line for what a person can mend, with its code; the whole stack for what is our mistake. */
export function fail(error: unknown): void {
  console.error(error instanceof MatcherError ? `Error [${error.code}]: ${error.message}` : error)
  process.exitCode = 1
}
