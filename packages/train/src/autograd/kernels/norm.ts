import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/** x̂ = (x - mean) r with r = 1 / √(biased variance + epsilon) over the last axis; r keeps that axis with size 1. */
function standardize(x: Tensor, epsilon: number): { normalized: Tensor; inverse: Tensor } {
  const centered = tf.sub(x, tf.mean(x, -1, true))
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), epsilon))
  return { normalized: tf.mul(centered, inverse), inverse }
}

/**
 * y = x̂ γ + β with γ and β [hidden] (shared by all rows) or [batch, hidden] (each row of x [batch, seq, hidden] its own).
 * With g = dy γ: dx = r (g - mean(g) - x̂ mean(g x̂)), dγ = Σ dy x̂, dβ = Σ dy, the sums over all positions that share the parameter
 * (Ba et al. 2016, arXiv:1607.06450; the conditional form Su 2021). Saved: x̂, r and γ; x is free.
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): Recorded {
  const { normalized, inverse } = standardize(x, epsilon)
  const perRow = gamma.rank === 2
  const gain = perRow ? tf.expandDims(gamma, 1) : gamma
  const offset = perRow ? tf.expandDims(beta, 1) : beta
  const shared = perRow ? [1] : x.shape.map((_, axis) => axis).slice(0, -1)
  return {
    output: tf.add(tf.mul(normalized, gain), offset),
    saved: [normalized, inverse, gamma],
    backward: (dy) => {
      const g = tf.mul(dy, perRow ? tf.expandDims(gamma, 1) : gamma)
      const product = tf.mul(dy, normalized)
      const along = tf.mean(tf.mul(g, normalized), -1, true)
      const dx = tf.mul(tf.sub(tf.sub(g, tf.mean(g, -1, true)), tf.mul(normalized, along)), inverse)
      return [dx, tf.reshape(tf.sum(product, shared), [...gamma.shape]), tf.reshape(tf.sum(dy, shared), [...gamma.shape])]
    }
  }
}
