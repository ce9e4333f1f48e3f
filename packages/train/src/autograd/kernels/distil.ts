import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { softmax } from '../tensor-ops'

/**
 * Loss Σ wᵢ T² (log Σⱼ exp(xᵢⱼ/T) - Σⱼ qᵢⱼ xᵢⱼ/T): cross-entropy of logits x [batch, 2] against a teacher's probabilities q, both softened
 * by the temperature T; T² keeps the gradient's size (Hinton et al. 2015, arXiv:1503.02531, section 2). q = (1 - σ(d/T), σ(d/T)) with d
 * [batch] the teacher's logit for a match minus the other; weights [batch]. dx = w T (softmax(x/T) - q). Saved: that.
 */
export function softCrossEntropy(logits: Tensor, teacher: Tensor, weights: Tensor, temperature: number): Recorded {
  const scaled = tf.div(logits, temperature)
  const match = tf.sigmoid(tf.div(teacher, temperature))
  const targets = tf.stack([tf.sub(1, match), match], 1) // [batch, 2]
  const losses = tf.sub(tf.logSumExp(scaled, 1), tf.sum(tf.mul(targets, scaled), 1))
  const gradient = tf.mul(tf.sub(softmax(scaled), targets), tf.mul(tf.expandDims(weights, 1), temperature))
  return {
    output: tf.mul(tf.sum(tf.mul(losses, weights)), temperature ** 2),
    saved: [gradient],
    backward: (dy) => [tf.mul(gradient, dy), null, null]
  }
}

/**
 * Loss Σ wᵢ (1 - xᵢ·tᵢ) of vectors x and a teacher's t, both [texts, width] with rows of length 1: a weighted sum of cosine distances, half
 * of the squared distances (Reimers and Gurevych 2020, arXiv:2004.09813, use these). dx = -w t. Saved: w t.
 */
export function vectorDistance(vectors: Tensor, teacher: Tensor, weights: Tensor): Recorded {
  const weighted = tf.mul(teacher, tf.expandDims(weights, 1))
  return {
    output: tf.sub(tf.sum(weights), tf.sum(tf.mul(vectors, weighted))),
    saved: [weighted],
    backward: (dy) => [tf.neg(tf.mul(weighted, dy)), null, null]
  }
}
