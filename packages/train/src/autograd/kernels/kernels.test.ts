import { describe, expect, it } from 'vitest'
import { createRandom } from '../../data/random'
import { tf, type Tensor } from '../../tfjs'
import { BFLOAT16, FLOAT32 } from '../products'
import type { Recorded } from '../tape'
import { add, addPositions, addRow } from './add'
import { attention } from './attention'
import { concatenateRows, contrastive } from './contrastive'
import { sigmoidCrossEntropy, smoothL1 } from './auxiliary'
import { crossEntropy } from './cross-entropy'
import { dense, matrixProduct } from './dense'
import { dropout } from './dropout'
import { gather, selectTask } from './gather'
import { gelu } from './gelu'
import { layerNorm } from './norm'
import { firstPosition, firstToken, maskedMean } from './pooling'
import { rotary, rotaryTensors } from './rotary'
import { rowsAt } from './rows'
import { normalize, similarityLogits } from './similarity'
import { tiedCrossEntropy } from './tied-cross-entropy'

/** A kernel beside the same function in TensorFlow.js' own differentiable operations; `inputs` are the differentiable ones. */
interface Case {
  readonly name: string
  readonly inputs: Tensor[]
  readonly kernel: (...inputs: Tensor[]) => Recorded
  readonly plain: (...inputs: Tensor[]) => Tensor
}

const random = createRandom('kernels')
const normal = (...shape: number[]): Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape
  )
const ids = tf.tensor2d(
  [
    [1, 2, 2],
    [0, 3, 1]
  ],
  [2, 3],
  'int32'
)
const tasks = tf.tensor1d([2, 0], 'int32')
const labels = tf.tensor1d([1, 0], 'int32')
const weights = tf.tensor1d([0.3, 0.7])
const places = tf.tensor1d([5, 0, 2], 'int32')
const words = tf.tensor1d([4, 0, 2], 'int32')
const wordWeights = tf.tensor1d([0.2, 0.3, 0.5])
const mask = tf.tensor2d([
  [1, 1, 1, 0],
  [1, 1, 0, 0]
])
const bias = tf.reshape(tf.mul(tf.sub(1, mask), -1e9), [2, 1, 1, 4])
const tables = rotaryTensors(4, 2, 4)
const [batch, seq, hidden, heads] = [2, 4, 8, 2]

const split = (x: Tensor): Tensor => tf.transpose(tf.reshape(x, [batch, -1, heads, hidden / heads]), [0, 2, 1, 3])
const plainAttention = (q: Tensor, k: Tensor, v: Tensor): Tensor => {
  const probs = tf.softmax(tf.add(tf.div(tf.matMul(split(q), split(k), false, true), Math.sqrt(hidden / heads)), bias))
  return tf.reshape(tf.transpose(tf.matMul(probs, split(v)), [0, 2, 1, 3]), [batch, -1, hidden])
}
const plainNorm = (x: Tensor, gamma: Tensor, beta: Tensor): Tensor => {
  const { mean, variance } = tf.moments(x, -1, true)
  const wide = (p: Tensor): Tensor => (p.rank === 2 ? tf.expandDims(p, 1) : p)
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-12))), wide(gamma)), wide(beta))
}
const plainRotary = (x: Tensor): Tensor => {
  const pairs = tf.reshape(x, [batch, seq, heads, 2, 2])
  const [even, odd] = tf.unstack(pairs, -1) as [Tensor, Tensor]
  const angle = tf.tensor(
    [0, 1, 2, 3].flatMap((m) => [m, m * 10000 ** -0.5]),
    [1, seq, 1, 2]
  )
  const turned = [
    tf.sub(tf.mul(even, tf.cos(angle)), tf.mul(odd, tf.sin(angle))),
    tf.add(tf.mul(odd, tf.cos(angle)), tf.mul(even, tf.sin(angle)))
  ]
  return tf.reshape(tf.stack(turned, -1), [batch, seq, hidden])
}
const plainSmoothL1 = (x: Tensor, t: Tensor, w: Tensor): Tensor => {
  const size = tf.abs(tf.sub(x, t))
  const inner = tf.minimum(size, 1)
  return tf.sum(tf.mul(w, tf.add(tf.mul(0.5, tf.square(inner)), tf.sub(size, inner))))
}
const target = normal(2, 3)
const share = tf.abs(normal(2, 3))

const together = tf.tensor2d([0, 0.25, 0.25, 0, 0.1, 0, 0, 0, 0.4, 0, 0, 0, 0, 0, 0, 0], [4, 4])
const candidates = tf.tensor2d([-1e9, 0, 0, 0, 0, -1e9, 0, 0, 0, 0, -1e9, 0, 0, 0, 0, -1e9], [4, 4])

const cases: Case[] = [
  { name: 'add', inputs: [normal(2, 3, 4), normal(2, 3, 4)], kernel: add, plain: tf.add },
  { name: 'add of a vector', inputs: [normal(2, 3, 4), normal(4)], kernel: add, plain: tf.add },
  {
    name: 'addRow',
    inputs: [normal(2, 3, 4), normal(2, 4)],
    kernel: addRow,
    plain: (x, row) => tf.add(x, tf.expandDims(row, 1))
  },
  {
    name: 'addPositions',
    inputs: [normal(2, 3, 4), normal(5, 4)],
    kernel: addPositions,
    plain: (x, table) => tf.add(x, tf.slice(table, [0, 0], [3, 4]))
  },
  {
    name: 'firstToken',
    inputs: [normal(2, 4, 8)],
    kernel: firstToken,
    plain: (x) => tf.squeeze(tf.slice(x, [0, 0, 0], [2, 1, 8]), [1])
  },
  {
    name: 'firstPosition',
    inputs: [normal(2, 4, 8)],
    kernel: firstPosition,
    plain: (x) => tf.slice(x, [0, 0, 0], [2, 1, 8])
  },
  {
    name: 'normalize',
    inputs: [normal(3, 8)],
    kernel: normalize,
    plain: (x) => tf.div(x, tf.sqrt(tf.sum(tf.mul(x, x), 1, true)))
  },
  {
    name: 'similarityLogits',
    inputs: [normal(3, 8), normal(3, 8), normal(3, 1), normal(3, 1)],
    kernel: similarityLogits,
    plain: (a, b, scale, offset) => {
      const match = tf.add(tf.mul(scale, tf.sum(tf.mul(a, b), 1, true)), offset)
      return tf.concat([tf.zerosLike(match), match], 1)
    }
  },
  {
    name: 'contrastive',
    inputs: [normal(4, 8)],
    kernel: (vectors) => contrastive(vectors, together, candidates, 1.5),
    plain: (vectors) =>
      tf.neg(
        tf.sum(
          tf.mul(together, tf.logSoftmax(tf.add(tf.mul(1.5, tf.matMul(vectors, vectors, false, true)), candidates)))
        )
      )
  },
  {
    name: 'concatenateRows',
    inputs: [normal(2, 4), normal(3, 4)],
    kernel: (...parts) => concatenateRows(parts),
    plain: (...parts) => tf.concat(parts, 0)
  },
  {
    name: 'matrixProduct',
    inputs: [normal(3, 4), normal(4, 5)],
    kernel: matrixProduct,
    plain: (a, b) => tf.matMul(a, b)
  },
  {
    name: 'dense',
    inputs: [normal(2, 3, 4), normal(4, 5), normal(5)],
    kernel: (x, w, b) => dense(x, w, b),
    plain: (x, w, b) => tf.add(tf.reshape(tf.matMul(tf.reshape(x, [6, 4]), w), [2, 3, 5]), b)
  },
  {
    name: 'gelu',
    inputs: [normal(3, 7)],
    kernel: gelu,
    plain: (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.div(x, Math.SQRT2)))))
  },
  {
    name: 'layerNorm',
    inputs: [normal(2, 4, 8), normal(8), normal(8)],
    kernel: (x, g, b) => layerNorm(x, g, b, 1e-12),
    plain: plainNorm
  },
  {
    name: 'conditional layerNorm',
    inputs: [normal(2, 4, 8), normal(2, 8), normal(2, 8)],
    kernel: (x, g, b) => layerNorm(x, g, b, 1e-12),
    plain: plainNorm
  },
  { name: 'rotary', inputs: [normal(2, 4, 8)], kernel: (x) => rotary(x, tables), plain: plainRotary },
  {
    name: 'attention',
    inputs: [normal(2, 4, 8), normal(2, 4, 8), normal(2, 4, 8)],
    kernel: (q, k, v) => attention(q, k, v, bias, heads, false),
    plain: plainAttention
  },
  {
    name: 'attention of the first position',
    inputs: [normal(2, 1, 8), normal(2, 4, 8), normal(2, 4, 8)],
    kernel: (q, k, v) => attention(q, k, v, bias, heads, false),
    plain: (q, k, v) => plainAttention(q, k, v)
  },
  {
    name: 'attention, recomputed',
    inputs: [normal(2, 4, 8), normal(2, 4, 8), normal(2, 4, 8)],
    kernel: (q, k, v) => attention(q, k, v, bias, heads, true),
    plain: plainAttention
  },
  {
    name: 'maskedMean',
    inputs: [normal(2, 4, 8)],
    kernel: (x) => maskedMean(x, mask),
    plain: (x) => tf.div(tf.sum(tf.mul(x, tf.expandDims(mask, 2)), 1), tf.sum(mask, 1, true))
  },
  {
    name: 'gather',
    inputs: [normal(5, 4)],
    kernel: (table) => gather(table, ids),
    plain: (table) => tf.gather(table, ids)
  },
  {
    name: 'selectTask',
    inputs: [normal(2, 6)],
    kernel: (x) => selectTask(x, tasks, 2),
    plain: (x) => tf.sum(tf.mul(tf.reshape(x, [2, 3, 2]), tf.expandDims(tf.oneHot(tasks, 3), 2)), 1)
  },
  {
    name: 'crossEntropy',
    inputs: [normal(2, 2)],
    kernel: (x) => crossEntropy(x, labels, weights),
    plain: (x) => tf.neg(tf.sum(tf.mul(weights, tf.sum(tf.mul(tf.logSoftmax(x as never), tf.oneHot(labels, 2)), 1))))
  },
  {
    name: 'rowsAt',
    inputs: [normal(2, 4, 3)],
    kernel: (x) => rowsAt(x, places),
    plain: (x) => tf.gather(tf.reshape(x, [8, 3]), places)
  },
  {
    name: 'tiedCrossEntropy',
    inputs: [normal(3, 4), normal(5, 4), normal(5)],
    kernel: (x, table, b) => tiedCrossEntropy(x, table, b, words, wordWeights),
    plain: (x, table, b) =>
      tf.neg(
        tf.sum(
          tf.mul(
            wordWeights,
            tf.sum(
              tf.mul(
                tf.logSoftmax(tf.add(tf.matMul(x as never, table as never, false, true), b) as never),
                tf.oneHot(words, 5)
              ),
              1
            )
          )
        )
      )
  },
  {
    name: 'sigmoidCrossEntropy',
    inputs: [normal(2, 3)],
    kernel: (x) => sigmoidCrossEntropy(x, tf.sigmoid(target), share),
    plain: (x) => tf.sum(tf.mul(share, tf.losses.sigmoidCrossEntropy(tf.sigmoid(target), x, undefined, undefined, 0)))
  },
  {
    name: 'smoothL1',
    inputs: [tf.mul(2, normal(2, 3))],
    kernel: (x) => smoothL1(x, target, share),
    plain: (x) => plainSmoothL1(x, target, share)
  },
  {
    name: 'dropout',
    inputs: [normal(20, 30)],
    kernel: (x) => dropout(x, 0.25, [3, 4]),
    plain: (x) =>
      tf.mul(x, tf.div(tf.cast(tf.notEqual(dropout(tf.ones(x.shape), 0.25, [3, 4]).output, 0), 'float32'), 0.75))
  }
]

const far = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!

describe.each(cases)('$name', ({ inputs, kernel, plain }) => {
  // float32 sums of at most a few hundred terms of size one: rounding stays below 1e-5
  it('gives the plain form and the gradients of automatic differentiation', () => {
    tf.tidy(() => {
      const { output, backward } = kernel(...inputs)
      const dy = output.rank === 0 ? tf.scalar(1.5) : normal(...output.shape)
      const [expected, ...rest] = [plain(...inputs), ...tf.grads((...x: Tensor[]) => plain(...x))(inputs, dy)]
      expect(far(output, expected!)).toBeLessThan(1e-5)
      const gradients = backward(dy).slice(0, inputs.length)
      gradients.forEach((gradient, i) => expect(far(gradient!, rest[i]!), `input ${i}`).toBeLessThan(1e-5))
    })
  })

  // central differences with h = 1e-2 in float32: truncation h² and rounding 1e-7 / h are both near 1e-4, sums of them below 2e-2 of the size
  it('agrees with finite differences along random directions', () => {
    tf.tidy(() => {
      const { output, backward } = kernel(...inputs)
      const dy = output.rank === 0 ? tf.scalar(1) : normal(...output.shape)
      backward(dy)
        .slice(0, inputs.length)
        .forEach((gradient, i) => {
          const direction = normal(...inputs[i]!.shape)
          const at = (h: number): number => {
            const moved = inputs.map((x, j) => (i === j ? tf.add(x, tf.mul(direction, h)) : x))
            return tf.sum(tf.mul(kernel(...moved).output, dy)).dataSync()[0]!
          }
          const slope = (at(1e-2) - at(-1e-2)) / 2e-2
          const expected = tf.sum(tf.mul(gradient!, direction)).dataSync()[0]!
          expect(Math.abs(slope - expected)).toBeLessThan(0.02 * Math.max(1, Math.abs(expected)))
        })
    })
  })
})

/** The nearest bfloat16 number, ties to even: the upper 16 bits of a float32. */
function toBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000
  return new Float32Array(bits.buffer)[0]!
}

/** bfloat16 keeps 8 bits of a factor and of the result: 2⁻⁸ of each, beside the largest product. */
describe('products in bfloat16', () => {
  it.each([
    [false, false],
    [true, false],
    [false, true]
  ])('are those of float32 to 8 bits, transposed %s %s, and free what they make', (transposeA, transposeB) => {
    const [a, b] = [transposeA ? normal(64, 24) : normal(24, 64), transposeB ? normal(40, 64) : normal(64, 40)]
    const exact = FLOAT32.matMul(a, b, transposeA, transposeB)
    const before = tf.memory().numTensors
    const half = BFLOAT16.matMul(a, b, transposeA, transposeB)
    expect(tf.memory().numTensors).toBe(before + 1)
    expect(half.shape).toEqual(exact.shape)
    const error = tf.max(tf.abs(tf.sub(half, exact))).dataSync()[0]!
    expect(error).toBeLessThan(0.03 * tf.max(tf.abs(exact)).dataSync()[0]!)
    expect(error).toBeGreaterThan(0)
  })

  it('round factors and result to bfloat16, and nothing else', () => {
    const [rows, inner, columns] = [5, 33, 7]
    const [a, b] = [normal(rows, inner), normal(inner, columns)]
    const [x, y] = [a, b].map((matrix) => [...matrix.dataSync()].map(toBfloat16)) as [number[], number[]]
    const product = BFLOAT16.matMul(a, b).dataSync()
    for (let i = 0; i < rows * columns; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns]
      const sum = Array.from({ length: inner }, (_, k) => x[row * inner + k]! * y[k * columns + column]!).reduce(
        (p, q) => p + q
      )
      expect(toBfloat16(product[i]!)).toBe(product[i]) // the result is a bfloat16 number
      expect(Math.abs(product[i]! - sum)).toBeLessThanOrEqual(2 ** -8 * Math.abs(sum) + 1e-5) // half a step, and float32's sum
    }
  })

  it('of a dense layer take factors in bfloat16 or float32 alike, value and gradients to the bit', () => {
    const [x, kernel, bias] = [normal(2, 3, 8), normal(8, 4), normal(4)]
    const dy = normal(2, 3, 4)
    const run = (...factors: [Tensor, Tensor]): number[][] => {
      const { output, backward } = dense(...factors, bias, BFLOAT16)
      return [output, ...backward(dy)].map((tensor) => [...tensor!.dataSync()])
    }
    const results = run(BFLOAT16.factor(x), BFLOAT16.factor(kernel))
    expect(results).toEqual(run(x, kernel))
    expect(results[0]!.some((value) => toBfloat16(value) !== value)).toBe(true) // the bias is added in float32
  })

  it('agree for batches of matrices too', () => {
    const [a, b] = [normal(2, 3, 8, 16), normal(2, 3, 8, 16)]
    const difference = tf.sub(BFLOAT16.batchMatMul(a, b, false, true), FLOAT32.batchMatMul(a, b, false, true))
    expect(tf.max(tf.abs(difference)).dataSync()[0]!).toBeLessThan(0.15)
  })
})
