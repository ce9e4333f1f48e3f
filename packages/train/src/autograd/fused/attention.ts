import type { Tensor } from '../../tfjs'
import { isNarrow } from '../../tfjs'
import { FLOAT32, NARROW } from '../products'
import type { Recorded } from '../tape'
import { chain, reshaped, transposed } from '../tensor-ops'
import { scaledSoftmax, scaledSoftmaxGradient } from './kernels'

type Shape = readonly [number, number, number]

/**
 * The plain kernel's attention (`../kernels/attention.ts`) with scale, mask and softmax in one pass, in float32 or all in bfloat16 with float32
 * within a pass. Saved: q, k, v by head, and P unless `recompute`.
 */
// prettier-ignore
export function fusedAttention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | null, heads: number, recompute: boolean): Recorded {
  const { batchMatMul } = isNarrow(q) ? NARROW : FLOAT32
  const [shape, keyShape] = [q.shape as unknown as Shape, k.shape as unknown as Shape]
  const scale = 1 / Math.sqrt(shape[2] / heads)
  const [query, key, value] = [splitHeads(q, heads), splitHeads(k, heads), splitHeads(v, heads)] // [batch, heads, seq, size]
  const probabilities = (): Tensor =>
    chain(batchMatMul(query, key, false, true), (scores) => scaledSoftmax(scores, bias, scale)) // [batch, heads, queries, keys]
  const probs = probabilities()
  return {
    output: mergeHeads(batchMatMul(probs, value), shape),
    saved: [query, key, value, ...(bias ? [bias] : []), ...(recompute ? [] : [probs])],
    backward: (dy) => {
      const p = recompute ? probabilities() : probs
      const dContext = splitHeads(dy, heads)
      const dValue = mergeHeads(batchMatMul(p, dContext, true, false), keyShape)
      const dScores = chain(batchMatMul(dContext, value, false, true), (dProbs) => scaledSoftmaxGradient(p, dProbs, scale))
      if (recompute) p.dispose()
      const dQuery = mergeHeads(batchMatMul(dScores, key), shape)
      return [dQuery, mergeHeads(batchMatMul(dScores, query, true, false), keyShape), dValue]
    }
  }
}

/** [batch, seq, hidden] -> [batch, heads, seq, size]. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, seq, hidden] = x.shape as unknown as Shape
  return chain(reshaped(x, [batch, seq, heads, hidden / heads]), (parts) => transposed(parts, [0, 2, 1, 3]))
}

/** [batch, heads, seq, size] -> [batch, seq, hidden]; frees x. */
function mergeHeads(x: Tensor, shape: Shape): Tensor {
  return chain(
    x,
    (parts) => transposed(parts, [0, 2, 1, 3]),
    (rows) => reshaped(rows, shape)
  )
}
