/** Counts arithmetic done; a promise where the event loop must have a turn before more of it. */
export type Pace = (operations: number) => Promise<void> | undefined

/** Multiplications between two turns of the event loop: a few milliseconds. */
const TURN = 4_000_000

/** Creates a pace. `check` is called after each turn; it throws where the work is no longer wanted. */
export function createPace(check: () => void): Pace {
  let done = 0
  return (operations) => {
    done += operations
    if (done < TURN) return undefined
    done = 0
    return new Promise<void>((resolve) => setTimeout(resolve)).then(check)
  }
}
