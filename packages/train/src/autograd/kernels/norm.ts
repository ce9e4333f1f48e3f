import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { chain } from '../tensor-ops'

/** x̂ = (x - mean) r with r = 1 / √(biased variance + epsilon) over the last axis; r keeps that axis with size 1. */
function standardize(x: Tensor, epsilon: number): { normalized: Tensor; inverse: Tensor } {
  const centered = tf.sub(x, tf.mean(x, -1, true))
  const inverse = chain(
    tf.square(centered),
    (squares) => tf.mean(squares, -1, true),
    (variance) => tf.add(variance, epsilon),
    tf.rsqrt
  )
  return { normalized: chain(centered, (values) => tf.mul(values, inverse)), inverse }
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
    output: chain(tf.mul(normalized, gain), (scaled) => tf.add(scaled, offset)),
    saved: [normalized, inverse, gamma],
    backward: (dy) => {
      const product = tf.mul(dy, normalized)
      const dGamma = chain(product, (values) => tf.sum(values, shared))
      const g = tf.mul(dy, perRow ? tf.expandDims(gamma, 1) : gamma)
      const along = chain(tf.mul(g, normalized), (values) => tf.mean(values, -1, true))
      const mean = tf.mean(g, -1, true)
      const off = tf.mul(normalized, along)
      const dx = chain(
        g,
        (values) => tf.sub(values, mean),
        (values) => tf.sub(values, off),
        (values) => tf.mul(values, inverse)
      )
      return [dx, tf.reshape(dGamma, [...gamma.shape]), tf.reshape(tf.sum(dy, shared), [...gamma.shape])]
    }
  }
}
