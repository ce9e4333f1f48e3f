import { MatcherError } from '@sohu-match/core'
import { lossAndGradients, type LabeledBatch, type Model } from '../autograd/pass'
import type { TrainSettings } from '../config'
import { firstGpu } from '../gpu/first-gpu'
import { recordOps } from '../profile/record-ops'
import { onGpu, tf } from '../tfjs'

/** Share of the memory that a batch's tensors may fill: the rest is for fragmentation, weights and other programs. */
export const SAFETY_SHARE = 0.6

/** Bytes held after each operation of a pass over `pairs` pairs, above what was held before the pass. */
export interface MemoryProbe {
  readonly pairs: number
  readonly bytes: readonly number[]
}

export type SizedSettings = TrainSettings & { readonly batchTokens: number }

/**
 * Replaces `batch_tokens: "auto"` by the number of tokens that fits into memory, estimated from two measured passes; at
 * most `batch_pairs` pairs of the longest. `longest` is in tokens. The passes do not change the model.
 */
export function sizedSettings(
  settings: TrainSettings,
  model: Model,
  longest: number,
  memoryBytes: () => number = usableMemory
): SizedSettings {
  if (settings.batchTokens !== 'auto') return { ...settings, batchTokens: settings.batchTokens }
  const probe = (pairs: number): MemoryProbe => probeMemory(settings, model, pairs, longest)
  probe(1) // the first pass also lays out the pool
  const pairs = largestBatch(probe(1), probe(2), memoryBytes() * SAFETY_SHARE)
  return { ...settings, batchTokens: longest * Math.max(1, Math.min(settings.batchPairs, pairs)) }
}

/**
 * The largest number of pairs whose pass stays within `limit` bytes. At one length every tensor is constant or proportional to the pairs,
 * so the bytes alive after each operation lie on a line through its two probes.
 */
export function largestBatch(small: MemoryProbe, large: MemoryProbe, limit: number): number {
  return Math.floor(
    small.bytes.reduce((most, bytes, i) => {
      const perPair = (large.bytes[i]! - bytes) / (large.pairs - small.pairs)
      return perPair <= 0 ? most : Math.min(most, small.pairs + (limit - bytes) / perPair)
    }, Infinity)
  )
}

/**
 * Probes in float32 whatever the precision: a bfloat16 product also makes copies half the size of its inputs and output,
 * at most half of what is alive, and `SAFETY_SHARE` leaves room for them.
 */
function probeMemory(
  { recompute, rDropWeight, seed }: TrainSettings,
  model: Model,
  pairs: number,
  seq: number
): MemoryProbe {
  const filled = (length: number, value: number): Int32Array => new Int32Array(length).fill(value)
  const batch: LabeledBatch = {
    batch: pairs,
    seq,
    tokenIds: filled(pairs * seq, 1),
    segmentIds: filled(pairs * seq, 0),
    taskIds: filled(pairs, 0),
    labels: filled(pairs, 0),
    weights: new Float32Array(pairs)
  }
  const before = tf.memory().numBytes
  const { ops, result } = recordOps(() =>
    lossAndGradients(model, batch, {
      recompute,
      rDropWeight,
      dropout: { rate: model.config.hiddenDropoutProb, seed: [seed, 0] }
    })
  )
  tf.dispose([result.loss, ...result.gradients.values()])
  return { pairs, bytes: ops.map(({ liveBytes }) => liveBytes - before) }
}

/**
 * The memory available to this process (machine or container), or the total of the first GPU: TensorFlow has already
 * reserved nearly all its free memory for its own pool. Throws `config-invalid` if that is unknown.
 */
function usableMemory(): number {
  if (!onGpu) return process.availableMemory()
  const megabytes = firstGpu('memory.total')
  if (megabytes !== undefined) return megabytes * 2 ** 20
  throw new MatcherError(
    'config-invalid',
    '"batch_tokens" is "auto", but `nvidia-smi`, which reports the GPU\'s memory, is missing or does not say; set a number of tokens.'
  )
}
