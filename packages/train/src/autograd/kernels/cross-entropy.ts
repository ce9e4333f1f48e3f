import { tf, type Tensor, type Tensor1D, type Tensor2D } from '../../tfjs'
import type { Recorded } from '../tape'
import { sparseCrossEntropy } from '../tensor-ops'

/**
 * Loss Σ wᵢ (log Σⱼ exp xᵢⱼ - xᵢ,label): softmax cross-entropy of logits x [batch, classes] with weights [batch], a scalar. The mean is
 * the weights 1/batch. dx = w (softmax(x) - onehot(label)). Saved: softmax(x) - onehot(label), which TensorFlow's op returns with the loss.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, weights: Tensor): Recorded {
  const { losses, gradient } = sparseCrossEntropy(logits as Tensor2D, labels as Tensor1D)
  return {
    output: tf.sum(tf.mul(losses, weights)),
    saved: [gradient, weights],
    backward: (dy) => [tf.mul(tf.mul(gradient, tf.expandDims(weights, 1)), dy), null, null]
  }
}
