import { createRandom } from './random'

export type BatchingOptions =
  /** Sorted by length within random pools; at most `batchTokens` tokens with padding and `maxPairs` pairs per batch. */
  | {
      readonly batching: 'buckets'
      readonly batchTokens: number
      readonly poolPairs?: number
      readonly maxPairs?: number
      /** Pairs of two kinds never share a batch, [pairs]. */
      readonly kinds?: ArrayLike<number>
      /** Pairs per epoch, a new random sample each time. Default: all. */
      readonly epochPairs?: number
    }
  /** Like the reference: one permutation of all tasks' pairs, `batchSize` pairs per batch, the last one smaller. */
  | { readonly batching: 'reference'; readonly batchSize: number }

/** Depends only on lengths, options, seed and epoch, so that a resumed run continues exactly. */
export interface EpochPlan {
  /** Indices of pairs; each occurs in one batch. */
  readonly batches: readonly Int32Array[]
  /** Weight of a pair in its batch's loss, which is a sum. Default: 1 / pairs of the batch, as in the reference. */
  readonly pairWeight?: number
  /** Share of positions that are padding, over the epoch. */
  readonly paddingShare: number
}

/** Pairs per pool: enough for batches of nearly one length, few enough that the mix of an epoch stays random. */
const POOL_PAIRS = 1024

/**
 * With `buckets` all pairs have the same weight over the epoch, whatever the size of their batch: the sum of a batch's
 * weighted losses is the mean over an average batch. A pair longer than the budget is a batch of its own. `lengths`
 * [pairs], in tokens.
 */
export function planEpoch(
  lengths: ArrayLike<number>,
  options: BatchingOptions,
  seed: number,
  epoch: number
): EpochPlan {
  const random = createRandom('batches', seed, epoch)
  const order = random.shuffle(Int32Array.from({ length: lengths.length }, (_, i) => i))
  if (options.batching === 'reference') {
    const batches = slices(order, options.batchSize)
    return { batches, paddingShare: paddingShare(lengths, batches) }
  }
  const { batchTokens, poolPairs = POOL_PAIRS, maxPairs = Infinity, kinds, epochPairs = lengths.length } = options
  const shown = order.subarray(0, epochPairs)
  const batches = slices(shown, poolPairs).flatMap((pool) =>
    byKind(pool, kinds).flatMap((part) =>
      cut(
        part.slice().sort((i, j) => lengths[i]! - lengths[j]! || i - j),
        lengths,
        batchTokens,
        maxPairs
      )
    )
  )
  random.shuffle(batches)
  return { batches, pairWeight: batches.length / shown.length, paddingShare: paddingShare(lengths, batches) }
}

/** Splits a pool by kind. */
function byKind(pool: Int32Array, kinds: ArrayLike<number> | undefined): Int32Array[] {
  if (!kinds) return [pool]
  const found = [...new Set(Array.from(pool, (i) => kinds[i]!))].sort((one, other) => one - other)
  return found.map((kind) => pool.filter((i) => kinds[i] === kind))
}

/** Batches for evaluation, from the longest pairs to the shortest, so that too little memory shows at once. */
export function planEvaluation(lengths: ArrayLike<number>, batchTokens: number, maxPairs = Infinity): Int32Array[] {
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i).sort(
    (i, j) => lengths[i]! - lengths[j]! || i - j
  )
  return cut(order, lengths, batchTokens, maxPairs).reverse()
}

/** Share of positions that are padding. */
export function paddingShare(lengths: ArrayLike<number>, batches: readonly Int32Array[]): number {
  let tokens = 0
  let positions = 0
  for (const batch of batches) {
    let longest = 0
    for (const i of batch) {
      tokens += lengths[i]!
      longest = Math.max(longest, lengths[i]!)
    }
    positions += batch.length * longest
  }
  return positions === 0 ? 0 : 1 - tokens / positions
}

function slices(order: Int32Array, size: number): Int32Array[] {
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size))
}

/** Cuts indices, ascending by length, so that count x longest stays within the budget. */
function cut(sorted: Int32Array, lengths: ArrayLike<number>, batchTokens: number, maxPairs: number): Int32Array[] {
  const batches: Int32Array[] = []
  let start = 0
  for (let end = 1; end <= sorted.length; end++) {
    const fits =
      end < sorted.length && end - start < maxPairs && (end - start + 1) * lengths[sorted[end]!]! <= batchTokens
    if (fits) continue
    batches.push(sorted.slice(start, end))
    start = end
  }
  return batches
}
