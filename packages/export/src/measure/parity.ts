import { MatcherError, type ParityBatch, type TaskSpec } from '@sohu-match/core'
import { parityInputs, type GraphRunner } from '../session'

/** Largest difference that fp32 logits may have from those that training recorded: rounding of two runtimes, with a margin. */
export const PARITY_TOLERANCE = 1e-4

/** Largest absolute difference between a graph's logits and those of parity.json, rows of other tasks left out; NaN if any logit is not a number. */
export async function parityDifference(
  graph: GraphRunner,
  batches: readonly ParityBatch[],
  tasks?: readonly TaskSpec[]
): Promise<number> {
  const answered = tasks && new Set(tasks.map((task) => task.id))
  const differences: number[] = []
  for (const batch of batches) {
    const logits = await graph.run(parityInputs(batch))
    batch.logits.forEach((wanted, row) => {
      if (answered && !answered.has(batch.taskIds[row]!)) return
      wanted.forEach((value, column) => differences.push(Math.abs(logits[2 * row + column]! - value)))
    })
  }
  return Math.max(0, ...differences)
}

/** Refuses an fp32 graph that does not compute what training did. Throws `gate-failed`. */
export function requireParity(difference: number, tolerance = PARITY_TOLERANCE): void {
  if (difference <= tolerance) return
  throw new MatcherError(
    'gate-failed',
    `The fp32 graph's logits differ from parity.json by ${difference.toPrecision(2)}, more than ${tolerance}: the checkpoint's parity.json belongs to ` +
      'other weights, or it was written by another version. Evaluate the checkpoint again and export that.'
  )
}
