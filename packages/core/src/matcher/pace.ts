/** Counts operations; returns a promise if the event loop needs a turn before more. */
export type Pace = (operations: number) => Promise<void> | undefined

/** Multiplications between two turns of the event loop: a few milliseconds. */
const TURN = 4_000_000

/** `check` is called after each turn; it throws if the work is no longer needed. */
export function createPace(check: () => void): Pace {
  let done = 0
  return (operations) => {
    done += operations
    if (done < TURN) return undefined
    done = 0
    return new Promise<void>((resolve) => setTimeout(resolve)).then(check)
  }
}
