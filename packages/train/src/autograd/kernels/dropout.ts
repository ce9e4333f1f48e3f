import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { chain, randomKeep } from '../tensor-ops'

/**
 * Inverted dropout: y = x ∘ m / (1 - rate), dx = dy ∘ m / (1 - rate). The mask m is a function of (seed, site) alone (TensorFlow's stateless
 * Philox generator), so a resumed step and a recomputed layer see the same one. Saved: m, one byte an element.
 */
export function dropout(x: Tensor, rate: number, seed: readonly [number, number]): Recorded {
  const keep = tf.reshape(randomKeep(x.size, rate, seed), x.shape)
  const masked = (values: Tensor): Tensor =>
    chain(
      tf.cast(keep, 'float32'),
      (mask) => tf.mul(mask, values),
      (kept) => tf.mul(kept, 1 / (1 - rate))
    )
  return { output: masked(x), saved: [keep], backward: (dy) => [masked(dy)] }
}
