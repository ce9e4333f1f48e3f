import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/**
 * Loss Σ wᵢ (KL(pᵢ‖qᵢ) + KL(qᵢ‖pᵢ)) of logits [2 batch, classes]: p is the softmax of the first half, q that of the second;
 * weights [batch], a scalar. With d = log p - log q, dx = w (p (d - KL(p‖q)) + p - q), and the same for the second half with p and q
 * exchanged. Saved: that.
 */
export function symmetricDivergence(logits: Tensor, weights: Tensor): Recorded {
  const [logP, logQ] = tf.split(tf.logSoftmax(logits), 2) as [Tensor, Tensor]
  const [p, q, d] = [tf.exp(logP), tf.exp(logQ), tf.sub(logP, logQ)]
  const column = tf.expandDims(weights, 1)
  const half = (p: Tensor, q: Tensor, d: Tensor): Tensor =>
    tf.mul(column, tf.add(tf.mul(p, tf.sub(d, tf.sum(tf.mul(p, d), 1, true))), tf.sub(p, q)))
  const gradient = tf.concat([half(p, q, d), half(q, p, tf.neg(d))])
  return {
    output: tf.sum(tf.mul(column, tf.mul(tf.sub(p, q), d))),
    saved: [gradient],
    backward: (dy) => [tf.mul(gradient, dy), null]
  }
}
