import { MatcherError, type Matcher } from '@sohu-match/sdk-node'

/** Milliseconds without a worker after which a matcher is given up: the pool has then tried to start one many times. */
export const PATIENCE_MS = 60_000

/** Resolves with the reason once no worker has been ready for a while; never, if the signal comes first. */
export function untilWorkersAreLost(
  { health }: Pick<Matcher<string>, 'health'>,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS
): Promise<string> {
  return new Promise((resolve) => {
    let readyAt = performance.now()
    const timer = setInterval(() => {
      const { workers, failure = 'for an unknown reason' } = health()
      if (workers > 0) readyAt = performance.now()
      else if (performance.now() - readyAt >= patienceMs) {
        clearInterval(timer)
        resolve(failure)
      }
    }, patienceMs / 60)
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  })
}

/** The failure of a server that has been without a worker, or a process, for too long. */
export function lostWorkers(reason: string): MatcherError {
  return new MatcherError(
    'inference-failed',
    `No worker could be started for ${PATIENCE_MS / 1000} s (${reason}). This process ends, for its supervisor to start a new one.`
  )
}
