import { tf, type Tensor, type Tensor1D, type Tensor2D } from '../../tfjs'
import type { Recorded } from '../tape'
import { FLOAT32, type Products } from '../products'
import { biasAdd, biasAddGradient, sparseCrossEntropy } from '../tensor-ops'

/**
 * Loss Σ wᵢ (log Σⱼ exp zᵢⱼ - zᵢ,label) of logits z = x Eᵀ + b, a scalar: x [n, width], E the word embeddings [vocabulary, width], b
 * [vocabulary], labels and w [n]. With g = w (softmax(z) - onehot(label)): dx = g E, dE = gᵀ x, db = sum of g's rows. One kernel, so that
 * logits, the largest tensor of a pass, live only until their gradient is there. Saved: softmax(z) - onehot(label), w, x and E.
 */
export function tiedCrossEntropy(
  x: Tensor,
  table: Tensor,
  bias: Tensor,
  labels: Tensor,
  weights: Tensor,
  { matMul }: Products = FLOAT32
): Recorded {
  const logits = biasAdd(matMul(x, table, false, true), bias)
  const { losses, gradient } = sparseCrossEntropy(logits as Tensor2D, labels as Tensor1D)
  return {
    output: tf.sum(tf.mul(losses, weights)),
    saved: [gradient, weights, x, table],
    backward: (dy) => {
      const g = tf.mul(gradient, tf.expandDims(tf.mul(weights, dy), 1))
      return [matMul(g, table), matMul(g, x, true, false), biasAddGradient(g), null, null]
    }
  }
}
