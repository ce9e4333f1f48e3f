import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { FLOAT32 } from '../products'
import { softmax } from '../tensor-ops'

/**
 * Contrastive loss of vectors v [texts, hidden]: -Σᵢⱼ tᵢⱼ log softmaxⱼ(s vᵢ·vⱼ + biasᵢⱼ), a scalar; targets t and bias [texts, texts],
 * bias 0 for a candidate and far below zero for none (van den Oord et al. 2018, arXiv:1807.03748; several positives a row: Khosla et al.
 * 2020, arXiv:2004.11362, eq. 2). With rᵢ = Σⱼ tᵢⱼ and D = diag(r) P - t: dv = s (D + Dᵀ) v. Saved: v and D.
 */
export function contrastive(vectors: Tensor, targets: Tensor, bias: Tensor, scale: number): Recorded {
  const scores = tf.add(tf.mul(FLOAT32.matMul(vectors, vectors, false, true), scale), bias)
  const probs = softmax(scores)
  const logs = tf.sub(scores, tf.logSumExp(scores, 1, true))
  const difference = tf.sub(tf.mul(probs, tf.sum(targets, 1, true)), targets)
  return {
    output: tf.neg(tf.sum(tf.mul(targets, logs))),
    saved: [vectors, difference],
    backward: (dy) => [
      tf.mul(FLOAT32.matMul(tf.add(difference, tf.transpose(difference)), vectors), tf.mul(dy, scale)),
      null,
      null
    ]
  }
}

/** Rows of several matrices [.., width] as one; the gradient is cut the same way. */
export function concatenateRows(parts: readonly Tensor[]): Recorded {
  const sizes = parts.map(({ shape }) => shape[0]!)
  return {
    output: parts.length === 1 ? tf.clone(parts[0]!) : tf.concat([...parts], 0),
    saved: [],
    backward: (dy) => (parts.length === 1 ? [tf.clone(dy)] : tf.split(dy, sizes, 0))
  }
}
