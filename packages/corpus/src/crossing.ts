import { assign } from './assignment'

/** A source and a target that match. */
export interface Match<T> {
  readonly source: T
  readonly target: T
}

/**
 * Makes one negative pair per match: its targets are permuted so that every text occurs in as many negatives as
 * positives on the same side, maximizing the sum of `closeness`. Pairs that `allowed` rejects do not occur, nor does a
 * pair in both orders.
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
