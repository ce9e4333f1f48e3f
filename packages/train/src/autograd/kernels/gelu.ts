import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { chain, unary } from '../tensor-ops'

/**
 * The exact GELU y = x Φ(x), Φ the normal distribution function (arXiv:1606.08415, section 2).
 * y' = Φ(x) + x φ(x), φ(x) = exp(-x²/2) / √(2π). The derivative is what is saved: the backward pass is then one product, and x is free.
 */
export function gelu(x: Tensor): Recorded {
  const scaled = tf.mul(x, Math.SQRT1_2)
  const distribution = chain(
    unary('Erf', scaled),
    (erf) => tf.mul(erf, 0.5),
    (half) => tf.add(half, 0.5)
  )
  const derivative = chain(
    scaled,
    (t) => unary('Square', t),
    (t) => unary('Neg', t),
    (t) => unary('Exp', t),
    (t) => tf.mul(t, 1 / Math.sqrt(2 * Math.PI)),
    (density) => tf.mul(x, density),
    (slope) => tf.add(distribution, slope)
  )
  return { output: tf.mul(x, distribution), saved: [derivative], backward: (dy) => [tf.mul(dy, derivative)] }
}
