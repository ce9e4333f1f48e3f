import { MatcherError, type ParityBatch } from '@sohu-match/core'
import { parityInputs, type GraphRunner } from './session'

/** Largest difference that fp32 logits may have from those that training recorded: rounding of two runtimes, with a margin. */
export const PARITY_TOLERANCE = 1e-4

/** Largest absolute difference between a graph's logits and those of parity.json; NaN if any logit is not a number. */
export async function parityDifference(graph: GraphRunner, batches: readonly ParityBatch[]): Promise<number> {
  let largest = 0
  for (const batch of batches) {
    const logits = await graph.run(parityInputs(batch))
    batch.logits.flat().forEach((wanted, index) => {
      const difference = Math.abs(logits[index]! - wanted)
      largest = Number.isNaN(difference) || difference > largest ? difference : largest
    })
  }
  return largest
}

/** Refuses an fp32 graph that does not compute what training did. Throws `gate-failed`. */
export function requireParity(difference: number, tolerance = PARITY_TOLERANCE): void {
  if (difference <= tolerance) return
  throw new MatcherError('gate-failed',
    `The fp32 graph's logits differ from parity.json by ${difference.toPrecision(2)}, more than ${tolerance}: the checkpoint's parity.json belongs to `
    + 'other weights, or it was written by another version. Evaluate the checkpoint again and export that.')
}
