import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { unary } from '../tensor-ops'

/**
 * The exact GELU y = x Φ(x), Φ the normal distribution function (arXiv:1606.08415, section 2).
 * y' = Φ(x) + x φ(x), φ(x) = exp(-x²/2) / √(2π). The derivative is what is saved: the backward pass is then one product, and x is free.
 */
export function gelu(x: Tensor): Recorded {
  const scaled = tf.mul(x, Math.SQRT1_2)
  const distribution = tf.add(tf.mul(unary('Erf', scaled), 0.5), 0.5)
  const density = tf.mul(unary('Exp', unary('Neg', unary('Square', scaled))), 1 / Math.sqrt(2 * Math.PI))
  const derivative = tf.add(distribution, tf.mul(x, density))
  return { output: tf.mul(x, distribution), saved: [derivative], backward: (dy) => [tf.mul(dy, derivative)] }
}
