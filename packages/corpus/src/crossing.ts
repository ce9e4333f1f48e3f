import { assign } from './assignment'

/** A source and a target that match. */
export interface Match<T> {
  readonly source: T
  readonly target: T
}

/**
 * One negative pair for each match: its targets go to other sources, each to one, so that every text stands in as many negatives as
 * positives on the same side, and among all such ways the one with the largest sum of `closeness`. A pair that `allowed` refuses is
 * never made.
 */
export function crossed<T>(
  matches: readonly Match<T>[],
  allowed: (source: T, target: T) => boolean,
  closeness: (source: T, target: T) => number
): Match<T>[] {
  const gain = matches.map(({ source }) =>
    matches.map(({ target }) => (allowed(source, target) ? closeness(source, target) : -Infinity))
  )
  return assign(gain).map((column, row) => ({ source: matches[row]!.source, target: matches[column]!.target }))
}
