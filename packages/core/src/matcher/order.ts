import type { Judgments } from './judge'
import { matchScore } from './score'

/** P(match) of each pair. */
export function scoresOf({ logits }: Judgments): Float64Array {
  const scores = new Float64Array(logits.length / 2)
  for (let i = 0; i < scores.length; i++) scores[i] = matchScore([logits[2 * i]!, logits[2 * i + 1]!])
  return scores
}

/** Indices of the `most` largest scores, largest first, ties in input order. */
export function bestFirst(scores: Float64Array, most = scores.length): number[] {
  const places = Uint32Array.from(scores.keys())
  places.sort((one, other) => scores[other]! - scores[one]! || one - other)
  return [...places.subarray(0, most)]
}
