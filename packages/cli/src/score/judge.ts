import { MatcherError, type Matcher, type MatchResult, type Pair } from '@sohu-match/sdk-node'

/** Throws as `match`. */
export type Judge = (pair: Pair<string>) => Promise<MatchResult<string>>

/**
 * Judges each pair in its own call, so that a failure affects no other pair. A pair that does not fit into the queue,
 * since its windows count too, waits until others are answered.
 */
export function createJudge(matcher: Pick<Matcher<string>, 'match'>, signal: AbortSignal): Judge {
  let underWay = 0
  let waiting: (() => void)[] = []
  const retryWaiting = (): void => {
    for (const retry of waiting) retry()
    waiting = []
  }
  return async ({ a, b, task }) => {
    for (;;) {
      const wasAlone = underWay++ === 0
      try {
        const result = await matcher.match(a, b, task, { signal })
        underWay--
        retryWaiting()
        return result
      } catch (error) {
        underWay--
        if (wasAlone || !isQueueFull(error)) {
          retryWaiting()
          throw error
        }
      }
      if (underWay > 0) await new Promise<void>((retry) => waiting.push(retry))
    }
  }
}

function isQueueFull(error: unknown): boolean {
  return error instanceof MatcherError && error.code === 'queue-full'
}
