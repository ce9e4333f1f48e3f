import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/**
 * Loss Σ w (max(x, 0) - x t + log(1 + exp(-|x|))): sigmoid cross-entropy of x against targets t in [0, 1], one shape, a scalar.
 * dx = w (σ(x) - t). Saved: w (σ(x) - t).
 */
export function sigmoidCrossEntropy(x: Tensor, targets: Tensor, weights: Tensor): Recorded {
  const losses = tf.add(tf.sub(tf.relu(x), tf.mul(x, targets)), tf.log1p(tf.exp(tf.neg(tf.abs(x)))))
  const gradient = tf.mul(weights, tf.sub(tf.sigmoid(x), targets))
  return {
    output: tf.sum(tf.mul(losses, weights)),
    saved: [gradient],
    backward: (dy) => [tf.mul(gradient, dy), null, null]
  }
}

/**
 * Loss Σ w h(x - t), h(d) = d²/2 where |d| < 1, |d| - 1/2 beyond (Huber 1964), a scalar; x, t and w one shape.
 * dx = w clip(x - t, -1, 1). Saved: that.
 */
export function smoothL1(x: Tensor, targets: Tensor, weights: Tensor): Recorded {
  const difference = tf.sub(x, targets)
  const clipped = tf.clipByValue(difference, -1, 1)
  const losses = tf.mul(clipped, tf.sub(difference, tf.mul(clipped, 0.5)))
  const gradient = tf.mul(weights, clipped)
  return {
    output: tf.sum(tf.mul(losses, weights)),
    saved: [gradient],
    backward: (dy) => [tf.mul(gradient, dy), null, null]
  }
}
