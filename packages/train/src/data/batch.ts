import type { Target } from '@sohu-match/core'
import type { EncodedPairs } from './encode'

/** For progress reports: pairs, tokens without padding, positions with it. */
export interface BatchCounts {
  readonly pairs: number
  readonly tokenCount: number
  readonly positions: number
}

/** Pairs right-padded with id 0 to the longest. */
export interface PaddedBatch extends BatchCounts {
  /** `[batch, seq]`, row-major. */
  readonly tokenIds: Int32Array
  /** `[batch, seq]`, row-major; padding has segment 0, as in the reference. */
  readonly segmentIds: Int32Array
  /** `[batch]`. */
  readonly taskIds: Int32Array
  /** 0, 1, or -1 for none, `[batch]`. */
  readonly labels: Int32Array
  /** What is true of the rows of tasks with labels or a score, `[batch]`; absent where the data have no such task. */
  readonly targets?: readonly (Target | undefined)[]
  /** Sample weights, `[batch]`: the batch's loss is the weighted sum. */
  readonly weights: Float32Array
  readonly batch: number
  readonly seq: number
}

export interface PadOptions {
  /** Sample weight of each pair, as in `EpochPlan`. Default: 1 / pairs, the mean. */
  readonly weight?: number | undefined
  /** True for pairs to show as `[CLS] b [SEP] a [SEP]`. */
  readonly exchanged?: (pair: number) => boolean
  /** Replaces a pair's tokens by others of the same number. */
  readonly renamed?: (tokens: Int32Array, pair: number) => Int32Array
}

export function gatherBatch(encoded: EncodedPairs, indices: Int32Array, options: PadOptions = {}): PaddedBatch {
  const { weight = 1 / indices.length, exchanged = () => false, renamed = (tokens) => tokens } = options
  const batch = indices.length
  const lengthOf = (i: number) => encoded.offsets[i + 1]! - encoded.offsets[i]!
  const seq = indices.reduce((longest, i) => Math.max(longest, lengthOf(i)), 0)
  const tokenIds = new Int32Array(batch * seq)
  const segmentIds = new Int32Array(batch * seq)
  const taskIds = new Int32Array(batch)
  const labels = new Int32Array(batch)
  let tokenCount = 0
  indices.forEach((i, row) => {
    const pair = renamed(encoded.tokenIds.subarray(encoded.offsets[i], encoded.offsets[i + 1]), i)
    const first = encoded.firstLengths[i]!
    const start = row * seq
    if (exchanged(i)) {
      tokenIds[start] = pair[0]! // [CLS]
      tokenIds.set(pair.subarray(first), start + 1) // b [SEP]
      tokenIds.set(pair.subarray(1, first), start + 1 + pair.length - first) // a [SEP]
    } else {
      tokenIds.set(pair, start)
    }
    segmentIds.fill(1, start + (exchanged(i) ? 1 + pair.length - first : first), start + pair.length)
    taskIds[row] = encoded.taskIds[i]!
    labels[row] = encoded.labels[i]!
    tokenCount += pair.length
  })
  return {
    tokenIds,
    segmentIds,
    taskIds,
    labels,
    ...(encoded.targets && { targets: Array.from(indices, (i) => encoded.targets![i]) }),
    weights: new Float32Array(batch).fill(weight),
    batch,
    seq,
    pairs: batch,
    tokenCount,
    positions: batch * seq
  }
}

/** Labels and weights for the loss: a pair without a label (-1) and without a target has weight 0. */
export function labelTerms(
  labels: Int32Array,
  weights: Float32Array,
  share: number,
  targets: PaddedBatch['targets'] = []
): { readonly labels: Int32Array; readonly weights: Float32Array } {
  return {
    labels: labels.map((label) => Math.max(label, 0)),
    weights: weights.map((weight, i) => (labels[i]! < 0 && !targets[i] ? 0 : weight * share))
  }
}
