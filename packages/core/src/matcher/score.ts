import type { Outcome } from './call'
import type { Truncation } from '../engine/engine'

/** P(match) of logits [no match, match]: the softmax's second value. */
export function matchScore([no, yes]: readonly [number, number]): number {
  return 1 / (1 + Math.exp(no - yes))
}

/** The logits of a pair from those of its windows: the best window's, or their mean. One sequence keeps its own. */
export function combineLogits({ logits }: Outcome, truncation: Truncation): readonly [number, number] {
  if (logits.length === 1 || typeof truncation === 'string') return logits[0]!
  if (truncation.combine === 'max')
    return logits.reduce((best, one) => (matchScore(one) > matchScore(best) ? one : best))
  // Batches end in any order; a sum in a fixed order gives the same digits every time.
  const sorted = [...logits].sort((one, other) => one[1] - other[1] || one[0] - other[0])
  const sum = sorted.reduce<[number, number]>(([no, yes], one) => [no + one[0], yes + one[1]], [0, 0])
  return [sum[0] / logits.length, sum[1] / logits.length]
}
