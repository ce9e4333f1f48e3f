import type { Truncation } from '../engine/engine'

/** Logits of a sequence or pair: [no match, match]. */
export type PairLogits = readonly [number, number]

/** P(match): the second value of the softmax. */
export function matchScore([no, yes]: PairLogits): number {
  return 1 / (1 + Math.exp(no - yes))
}

/** The logits of labels from those of windows: each label's largest, or its mean. */
export function combineColumns(windows: readonly (readonly number[])[], truncation: Truncation): readonly number[] {
  if (windows.length === 1 || typeof truncation === 'string') return windows[0]!
  return windows[0]!.map((_, label) => {
    const column = windows.map((row) => row[label]!).sort((one, other) => one - other) // the same sum in any order
    return truncation.combine === 'max' ? column.at(-1)! : column.reduce((sum, value) => sum + value, 0) / column.length
  })
}

/** The logits of a pair from its windows: the best window's, or their mean. A single sequence keeps its own. */
export function combineLogits(windows: readonly PairLogits[], truncation: Truncation): PairLogits {
  if (windows.length === 1 || typeof truncation === 'string') return windows[0]!
  if (truncation.combine === 'max')
    return windows.reduce((best, one) => (matchScore(one) > matchScore(best) ? one : best))
  // Batches end in any order; a fixed order makes the digits of the sum deterministic.
  const sorted = [...windows].sort((one, other) => one[1] - other[1] || one[0] - other[0])
  const sum = sorted.reduce<[number, number]>(([no, yes], one) => [no + one[0], yes + one[1]], [0, 0])
  return [sum[0] / windows.length, sum[1] / windows.length]
}
