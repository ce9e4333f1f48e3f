import { attr, rawOp, rawOps, tf, type Tensor, type Tensor1D, type Tensor2D } from '../tfjs'

/** TensorFlow operations that TensorFlow.js hides or wraps in more work than one call. */

const FLOAT = [attr.type('T')]
const MATMUL = new Map([true, false].flatMap((a) => [true, false].map((b) =>
  [`${a} ${b}`, [attr.type('T'), attr.bool('transpose_a', a), attr.bool('transpose_b', b)]] as const)))
const BATCH_MATMUL = new Map([true, false].flatMap((a) => [true, false].map((b) =>
  [`${a} ${b}`, [attr.type('T'), attr.bool('adj_x', a), attr.bool('adj_y', b)]] as const)))
const FORMAT = attr.string('data_format', 'NHWC')
const TO_COMPLEX = [attr.type('T'), attr.type('type', 'complex64')]
const TO_REAL = [attr.type('T', 'complex64'), attr.type('type')]
const COMPLEX = [attr.type('T', 'complex64')]
const UNIFORM = [attr.type('T', 'int32'), attr.type('dtype'), attr.type('Tseed', 'int32')]
const COMPARE = [attr.type('T')]
const SPARSE_LOSS = [attr.type('T'), attr.type('Tlabels', 'int32')]

/** a b of matrices, either read transposed. */
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return rawOp('MatMul', MATMUL.get(`${transposeA} ${transposeB}`)!, [a, b])
}

/** a b over equal leading axes, either's last two axes swapped. */
export function batchMatMul(a: Tensor, b: Tensor, swapA = false, swapB = false): Tensor {
  return rawOp('BatchMatMulV2', BATCH_MATMUL.get(`${swapA} ${swapB}`)!, [a, b])
}

/** rows [n, width] + bias [width]. */
export function biasAdd(rows: Tensor, bias: Tensor): Tensor {
  return rawOp('BiasAdd', [...FLOAT, FORMAT], [rows, bias])
}

/** The sum of rows [n, width] -> [width]. */
export function biasAddGradient(rows: Tensor): Tensor {
  return rawOp('BiasAddGrad', [...FLOAT, FORMAT], [rows])
}

/** An element-wise operation by its TensorFlow name. */
export function unary(name: 'Erf' | 'Exp' | 'Neg' | 'Square', x: Tensor): Tensor {
  return rawOp(name, FLOAT, [x])
}

/** The same memory read as complex numbers: [.., n, 2] float32 -> [.., n] complex64. */
export function asComplex(x: Tensor): Tensor {
  return rawOp('Bitcast', TO_COMPLEX, [x])
}

/** The same memory read as pairs: [.., n] complex64 -> [.., n, 2] float32. */
export function asReal(x: Tensor): Tensor {
  return rawOp('Bitcast', TO_REAL, [x])
}

/** The product of complex numbers, broadcast. */
export function complexMul(a: Tensor, b: Tensor): Tensor {
  return rawOp('Mul', COMPLEX, [a, b])
}

/** Booleans of a shape, false with probability `rate`: a function of the two seeds alone (TensorFlow's StatelessRandomUniform). */
export function randomKeep(shape: readonly number[], rate: number, seed: readonly [number, number]): Tensor {
  const uniform = rawOp('StatelessRandomUniform', UNIFORM, [tf.tensor1d([...shape], 'int32'), tf.tensor1d([...seed], 'int32')])
  return rawOp('GreaterEqual', COMPARE, [uniform, tf.scalar(rate)])
}

/** Softmax cross-entropy of logits [batch, classes] against labels [batch]: losses [batch] and their gradient [batch, classes]. */
export function sparseCrossEntropy(logits: Tensor2D, labels: Tensor1D): { losses: Tensor; gradient: Tensor } {
  const [losses, gradient] = rawOps('SparseSoftmaxCrossEntropyWithLogits', SPARSE_LOSS, [logits, labels], 2)
  return { losses: losses!, gradient: gradient! }
}
