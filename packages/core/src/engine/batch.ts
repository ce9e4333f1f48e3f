import type { BatchLimits, Batch } from './engine'

export interface TaskSequence {
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  readonly taskId: number
}

/**
 * The range [from, to) of ascending lengths to run with the one at `anchor`: its nearest neighbors within the limits.
 */
export function pickBatch(lengths: readonly number[], anchor: number, limits: BatchLimits): [from: number, to: number] {
  let from = anchor
  let to = anchor + 1
  let total = lengths[anchor]!
  for (;;) {
    const below = lengths[from - 1]
    const above = lengths[to]
    const takeBelow = below !== undefined && fits(limits, to - from + 1, lengths[to - 1]!, total + below)
    const takeAbove = above !== undefined && fits(limits, to - from + 1, above, total + above)
    if (!takeBelow && !takeAbove) return [from, to]
    if (takeBelow && (!takeAbove || lengths[anchor]! - below <= above - lengths[anchor]!)) total += lengths[--from]!
    else total += lengths[to++]!
  }
}

/** True if sequences of these lengths, in any order, fit into one batch. */
export function fitOneBatch(lengths: readonly number[], limits: BatchLimits): boolean {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const sum = lengths.reduce((total, length) => total + length, 0)
  return lengths.length === 1 || fits(limits, lengths.length, longest, sum)
}

function fits({ tokens, padding }: BatchLimits, count: number, longest: number, sum: number): boolean {
  return count * longest <= tokens && count * longest - sum <= padding * count * longest
}

/** Pads sequences with 0 to the longest. */
export function padBatch(sequences: readonly TaskSequence[]): Batch {
  const batch = sequences.length
  const seq = sequences.reduce((longest, { tokenIds }) => Math.max(longest, tokenIds.length), 0)
  const tokenIds = new Int32Array(batch * seq)
  const segmentIds = new Int32Array(batch * seq)
  const taskIds = new Int32Array(batch)
  sequences.forEach((sequence, row) => {
    tokenIds.set(sequence.tokenIds, row * seq)
    segmentIds.set(sequence.segmentIds, row * seq)
    taskIds[row] = sequence.taskId
  })
  return { batch, seq, tokenIds, segmentIds, taskIds }
}

/** The inputs of an exported graph; `tensor` creates an int32 tensor of the caller's runtime. */
export function graphInputs<T>(
  { batch, seq, tokenIds, segmentIds, taskIds }: Batch,
  tensor: (ids: Int32Array, dims: number[]) => T
): Record<'token_ids' | 'segment_ids' | 'task_ids', T> {
  return {
    token_ids: tensor(tokenIds, [batch, seq]),
    segment_ids: tensor(segmentIds, [batch, seq]),
    task_ids: tensor(taskIds, [batch])
  }
}
