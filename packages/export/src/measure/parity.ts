import { MatcherError, type ParityBatch, type TaskSpec } from '@sohu-match/core'
import { parityInputs, type GraphRunner } from '../session'
import { rowProduct } from '../vector-pairs'

/** Largest difference of fp32 outputs from those that training recorded: rounding of two runtimes, with a margin. */
export const PARITY_TOLERANCE = 1e-4

/** Differences of a graph from parity.json; NaN if any of its outputs is NaN. */
export interface ParityDifference {
  /** Largest absolute difference of an output. */
  readonly outputs: number
  /** The reported difference: of a logit, or of a bi-encoder's cosine. */
  readonly stated: number
}

/** Compares a graph's logits, or `vectors`, with parity.json, without rows of other tasks. */
export async function parityDifference(
  graph: GraphRunner,
  batches: readonly ParityBatch[],
  { tasks, vectors = false }: { readonly tasks?: readonly TaskSpec[]; readonly vectors?: boolean } = {}
): Promise<ParityDifference> {
  const answered = tasks && new Set(tasks.map((task) => task.id))
  const differences: number[] = []
  const cosines: number[] = []
  for (const batch of batches) {
    const width = batch.outputs[0]!.length
    const found = await graph.run(parityInputs(batch))
    batch.outputs.forEach((wanted, row) => {
      if (answered && !answered.has(batch.taskIds[row]!)) return
      const change = wanted.map((value, column) => found[row * width + column]! - value)
      for (const value of change) differences.push(Math.abs(value))
      if (vectors) for (const other of batch.outputs) cosines.push(Math.abs(rowProduct(change, 0, other, 0, width)))
    })
  }
  const outputs = largest(differences)
  return { outputs, stated: cosines.length > 0 ? largest(cosines) : outputs }
}

/** NaN if any value is NaN. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => (value > most || Number.isNaN(value) ? value : most), 0)
}

/** Throws `gate-failed` for an fp32 graph that differs from training. */
export function requireParity(difference: number, tolerance = PARITY_TOLERANCE): void {
  if (difference <= tolerance) return
  throw new MatcherError(
    'gate-failed',
    `The fp32 graph's outputs differ from parity.json by ${difference.toPrecision(2)}, more than ${tolerance}: the checkpoint's parity.json belongs to ` +
      'other weights, or it was written by another version. Evaluate the checkpoint again and export that.'
  )
}
