import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { FLOAT32, type Products } from '../products'
import { chain, softmax } from '../tensor-ops'

/** Added to the score of a masked key: its exp is zero in float32. */
export const MASKED = -1e9

/**
 * y = P v, P = softmax(q kᵀ / √d + bias), over heads of size d; k, v [batch, seq, hidden], q the same or with fewer positions, bias [batch, 1, 1, seq] or none.
 * With dy: dv = Pᵀ dy; dS = P ∘ (dy vᵀ - D), D = Σ dy ∘ y over a head (the row sum of P ∘ dP, without making it; FlashAttention,
 * arXiv:2205.14135, appendix B.4); dq = dS k / √d, dk = dSᵀ q / √d. Saved: q / √d, k, v by head, y, and P unless `recompute`.
 */
// prettier-ignore
export function attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | null, heads: number, recompute: boolean, products = FLOAT32): Recorded {
  const { batchMatMul } = products
  const [shape, keyShape] = [q.shape, k.shape] as [[number, number, number], [number, number, number]]
  const scale = 1 / Math.sqrt(shape[2] / heads)
  const query = owned(products, chain(tf.mul(q, scale), (scaled) => splitHeads(scaled, heads)))
  const key = owned(products, splitHeads(k, heads))
  const value = owned(products, splitHeads(v, heads))
  const probs = probabilities(query, key, bias, products)
  const output = chain(batchMatMul(probs, value), (context) => mergeHeads(context, shape))
  const common = [query, key, value, output, ...(bias ? [bias] : [])]
  return {
    output,
    saved: recompute ? common : [...common, probs],
    backward: (dy) => {
      const p = recompute ? probabilities(query, key, bias, products) : probs
      const dContext = owned(products, splitHeads(dy, heads))                                  // [batch, heads, seq, size]
      const dValue = chain(batchMatMul(p, dContext, true, false), (d) => mergeHeads(d, keyShape))
      const rowSums = chain(tf.mul(dy, output), (product) => headSums(product, heads))
      const dScores = owned(products, chain(                                                   // [batch, heads, seq, seq]
        batchMatMul(dContext, value, false, true), (dProbs) => tf.sub(dProbs, rowSums), (d) => tf.mul(p, d)
      ))
      if (recompute) p.dispose()
      const dQuery = chain(batchMatMul(dScores, key), (d) => tf.mul(d, scale), (d) => mergeHeads(d, shape))
      return [dQuery, chain(batchMatMul(dScores, query, true, false), (d) => mergeHeads(d, keyShape)), dValue]
    }
  }
}

/** A factor of several products instead of the tensor that it is made of. */
function owned({ factor }: Products, x: Tensor): Tensor {
  const made = factor(x)
  if (made !== x) x.dispose()
  return made
}

// prettier-ignore
function probabilities(query: Tensor, key: Tensor, bias: Tensor | null, { batchMatMul }: Products): Tensor {
  const scores = batchMatMul(query, key, false, true)                                          // [batch, heads, seq, seq]
  return chain(scores, ...(bias ? [(x: Tensor) => tf.add(x, bias)] : []), (x) => softmax(x))
}

/** x [batch, seq, hidden], summed over each head's part -> [batch, heads, seq, 1]. */
function headSums(x: Tensor, heads: number): Tensor {
  const [batch, seq] = x.shape as [number, number, number]
  return tf.transpose(tf.sum(tf.reshape(x, [batch, seq, heads, -1]), -1, true), [0, 2, 1, 3])
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
