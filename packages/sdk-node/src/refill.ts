import { MatcherError, messageOf } from '@sohu-match/core'

/** Consecutive crashes, or failed starts, that are replaced at once; after that, each start waits longer. */
const MAX_CRASHES = 3

export interface RefillRules {
  /** True while workers are missing. */
  readonly isShort: () => boolean
  readonly start: () => Promise<unknown>
  /** Milliseconds before start `attempt` (from 1) after repeated crashes. */
  readonly delay: (attempt: number) => number
}

/** Replaces workers that have ended: at once at first, with growing pauses after repeated crashes. */
export function createRefill({ isShort, start, delay }: RefillRules) {
  let ended = 0 // workers that ended since the last answer
  let failedStarts = 0 // starts that failed since the last success: answers of other workers say nothing about those
  let closed = false
  let filling: Promise<void> | undefined
  let endPause = (): void => undefined

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function fill(): Promise<void> {
    while (!closed && isShort()) {
      if (refill.crashes > MAX_CRASHES) await pause(delay(refill.crashes - MAX_CRASHES))
      if (closed) return
      refill.starting = start()
      try {
        await refill.starting
        failedStarts = 0
      } catch (cause) {
        failedStarts++
        const found = `A worker ended and no new one could be started: ${messageOf(cause)}`
        refill.failure = new MatcherError('inference-failed', found, { cause })
      }
      refill.starting = undefined
    }
  }

  const refill = {
    /** The start under way. */
    starting: undefined as Promise<unknown> | undefined,
    /** Why a worker is missing. */
    failure: undefined as MatcherError | undefined,
    get crashes() {
      return Math.max(ended, failedStarts)
    },
    begin(): void {
      filling ??= fill().finally(() => (filling = undefined))
    },
    ended(error: MatcherError): void {
      ended++
      refill.failure = error
      refill.begin()
    },
    answered(): void {
      ended = 0
    },
    close(): void {
      closed = true
      endPause()
    }
  }
  return refill
}
