import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { batchMatMul, softmax } from '../tensor-ops'

/** What a masked key's score gains: exp of it is zero in float32. */
export const MASKED = -1e9

/**
 * y = P v, P = softmax(q kᵀ / √d + bias), over heads of size d; q, k, v [batch, seq, hidden], bias [batch, 1, 1, seq] or none.
 * With dy: dv = Pᵀ dy; dS = P ∘ (dy vᵀ - D), D = Σ dy ∘ y over a head (the row sum of P ∘ dP, without making it; FlashAttention,
 * arXiv:2205.14135, appendix B.4); dq = dS k / √d, dk = dSᵀ q / √d. Saved: q / √d, k, v by head, y, and P unless `recompute`.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | null, heads: number, recompute: boolean): Recorded {
  const shape = q.shape as [number, number, number]
  const scale = 1 / Math.sqrt(shape[2] / heads)
  const query = splitHeads(tf.mul(q, scale), heads)
  const key = splitHeads(k, heads)
  const value = splitHeads(v, heads)
  const probs = probabilities(query, key, bias)
  const output = mergeHeads(batchMatMul(probs, value), shape)
  const common = [query, key, value, output, ...(bias ? [bias] : [])]
  return {
    output,
    saved: recompute ? common : [...common, probs],
    backward: (dy) => {
      const p = recompute ? probabilities(query, key, bias) : probs
      const dContext = splitHeads(dy, heads)                                                   // [batch, heads, seq, size]
      const rowSums = tf.transpose(tf.sum(tf.reshape(tf.mul(dy, output), [shape[0], shape[1], heads, -1]), -1, true), [0, 2, 1, 3])
      const dScores = tf.mul(p, tf.sub(batchMatMul(dContext, value, false, true), rowSums))    // [batch, heads, seq, seq]
      return [
        mergeHeads(tf.mul(batchMatMul(dScores, key), scale), shape),
        mergeHeads(batchMatMul(dScores, query, true, false), shape),
        mergeHeads(batchMatMul(p, dContext, true, false), shape)
      ]
    }
  }
}

function probabilities(query: Tensor, key: Tensor, bias: Tensor | null): Tensor {
  const scores = batchMatMul(query, key, false, true)                                          // [batch, heads, seq, seq]
  return softmax(bias ? tf.add(scores, bias) : scores)
}

/** [batch, seq, hidden] -> [batch, heads, seq, size]. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, seq, hidden] = x.shape as [number, number, number]
  return tf.transpose(tf.reshape(x, [batch, seq, heads, hidden / heads]), [0, 2, 1, 3])
}

/** [batch, heads, seq, size] -> [batch, seq, hidden]. */
function mergeHeads(x: Tensor, shape: [number, number, number]): Tensor {
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), shape)
}
