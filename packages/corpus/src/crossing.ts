import { assign } from './assignment'

/** A source and a target that match. */
export interface Match<T> {
  readonly source: T
  readonly target: T
}

/**
 * One negative pair for each match: its targets go to other sources, each to one, so that every text stands in as many negatives as
 * positives on the same side, and among all such ways the one with the largest sum of `closeness`. A pair that `allowed` refuses is
 * never made, nor is one pair both ways round.
 */
export function crossed<T>(
  matches: readonly Match<T>[],
  allowed: (source: T, target: T) => boolean,
  closeness: (source: T, target: T) => number
): Match<T>[] {
  const gain = matches.map(({ source }) =>
    matches.map(({ target }) => (allowed(source, target) ? closeness(source, target) : -Infinity))
  )
  for (;;) {
    const columns = assign(gain)
    const negatives = columns.map((column, row) => ({ source: matches[row]!.source, target: matches[column]!.target }))
    const repeated = negatives.flatMap(({ source, target }, row) =>
      negatives.some((other, before) => before < row && other.source === target && other.target === source) ? [row] : []
    )
    if (repeated.length === 0) return negatives
    for (const row of repeated) {
      const { target } = negatives[row]!
      matches.forEach((match, column) => {
        if (match.target === target) gain[row]![column] = -Infinity
      })
    }
  }
}
