import { MatcherError } from '../errors'
import type { CheckedRun } from './check-input'
import type { RankedMatch, Reranker } from './types'

/** Default number of candidates for a second matcher. */
export const SHORTLIST = 50

/**
 * Judges the best candidates again with a matcher that reads each together with the query: `index` is still the index
 * in the input. The deadline of the call, which began at `started` (milliseconds of `performance.now`), covers both.
 * Throws `architecture-mismatch`.
 */
export async function rerankBy<T extends string>(
  rerank: Reranker,
  query: string,
  best: readonly RankedMatch<T>[],
  task: T,
  { signal, deadlineMs, topK }: CheckedRun,
  started: number
): Promise<RankedMatch<T>[]> {
  const left = deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - (performance.now() - started))
  const results = await rerank.rank(
    query,
    best.map(({ text }) => text),
    task,
    { signal, deadlineMs: left, topK }
  )
  return results.map((result) => ({ ...(result as RankedMatch<T>), index: best[result.index]!.index }))
}

/** Throws `architecture-mismatch` for a bi-encoder, which would compare the same vectors again. */
export function checkReranker(rerank: Reranker | undefined): void {
  if (rerank?.info?.architecture === 'bi-encoder')
    throw new MatcherError(
      'architecture-mismatch',
      'rerank is a bi-encoder, which judges no pair by reading both texts; give it a matcher whose model is a cross-encoder.'
    )
}
