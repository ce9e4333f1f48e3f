import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/** What a logit gets added that is out of the sum: exp of it is 0. */
export const LEFT_OUT = -1e9

/**
 * Loss Σ wᵢ (log Σⱼ exp(xᵢⱼ + bᵢⱼ) - Σⱼ tᵢⱼ xᵢⱼ): softmax cross-entropy over the columns of each row that its bias b leaves in (0; `LEFT_OUT`
 * elsewhere), a scalar; logits x, bias and one-hot targets t [batch, columns], weights [batch]. dx = w (softmax(x + b) - t). Saved: that.
 */
export function maskedCrossEntropy(x: Tensor, bias: Tensor, targets: Tensor, weights: Tensor): Recorded {
  const logs = tf.logSoftmax(tf.add(x, bias))
  const column = tf.expandDims(weights, 1)
  const gradient = tf.mul(column, tf.sub(tf.exp(logs), targets))
  return {
    output: tf.neg(tf.sum(tf.mul(column, tf.mul(targets, logs)))),
    saved: [gradient],
    backward: (dy) => [tf.mul(gradient, dy), null, null, null]
  }
}

/**
 * Loss Σ wᵢ (log(1 + Σₙ exp(xᵢₙ)) + log(1 + Σₚ exp(-xᵢₚ))): n over the columns left in (bias b as above) whose target is 0, p over those whose
 * target is 1; every label that holds is to be above 0 and above every other, which is to be below 0 (Su 2020, kexue.fm/archives/7359). x, bias
 * and targets [batch, columns], weights [batch]. With qₙ and qₚ the shares of the two sums, 1 included, dxₙ = w qₙ and dxₚ = -w qₚ. Saved: that.
 */
export function multilabelCrossEntropy(x: Tensor, bias: Tensor, targets: Tensor, weights: Tensor): Recorded {
  const withOne = (z: Tensor): Tensor =>
    tf.pad(z, [
      [0, 0],
      [0, 1]
    ]) // exp(0) = 1
  const negatives = withOne(tf.add(tf.add(x, bias), tf.mul(targets, LEFT_OUT)))
  const positives = withOne(tf.add(tf.sub(bias, x), tf.mul(tf.sub(1, targets), LEFT_OUT)))
  const shares = (z: Tensor): Tensor => tf.slice(tf.softmax(z), [0, 0], x.shape)
  const gradient = tf.mul(tf.expandDims(weights, 1), tf.sub(shares(negatives), shares(positives)))
  return {
    output: tf.sum(tf.mul(weights, tf.add(tf.logSumExp(negatives, 1), tf.logSumExp(positives, 1)))),
    saved: [gradient],
    backward: (dy) => [tf.mul(gradient, dy), null, null, null]
  }
}
