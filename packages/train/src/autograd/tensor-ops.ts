import { attr, isNarrow, onGpu, rawOp, rawOps, tf, type Tensor, type Tensor1D, type Tensor2D } from '../tfjs'

/** TensorFlow operations that TensorFlow.js hides or wraps in more work than one call. */

const FLOAT = [attr.type('T')]
const FORMAT = attr.string('data_format', 'NHWC')
const TO_COMPLEX = [attr.type('T'), attr.type('type', 'complex64')]
const TO_REAL = [attr.type('T', 'complex64'), attr.type('type')]
const COMPLEX = [attr.type('T', 'complex64')]
const UNIFORM = [attr.type('T', 'int32'), attr.type('dtype'), attr.type('Tseed', 'int32')]
const BITS = [attr.type('T', 'int32'), attr.type('dtype', 'int32'), attr.type('Tseed', 'int32')]
const INT = [attr.type('T', 'int32')]
const ONE_DNN_SOFTMAX = [attr.type('T'), attr.string('_kernel', 'MklNameChangeOp')]
const GATHER = [
  attr.type('Tparams'),
  attr.type('Tindices', 'int32'),
  attr.type('Taxis', 'int32'),
  attr.int('batch_dims', 0)
]
const SEGMENT_SUM = [attr.type('T'), attr.type('Tindices', 'int32'), attr.type('Tnumsegments', 'int32')]
const SPARSE_LOSS = [attr.type('T'), attr.type('Tlabels', 'int32')]

/** Frees the input of each function, `x` included, so that the next one reuses memory that is still cached. */
export function chain(x: Tensor, ...steps: readonly ((x: Tensor) => Tensor)[]): Tensor {
  return steps.reduce((value, step) => {
    const next = step(value)
    value.dispose()
    return next
  }, x)
}

/** rows [n, width] + bias [width]. */
export function biasAdd(rows: Tensor, bias: Tensor): Tensor {
  return rawOp('BiasAdd', [...FLOAT, FORMAT], [rows, bias])
}

/** The sum of rows [n, width] -> [width]. */
export function biasAddGradient(rows: Tensor): Tensor {
  return rawOp('BiasAddGrad', [...FLOAT, FORMAT], [rows])
}

/** By its TensorFlow name. */
export function unary(name: 'Erf' | 'Exp' | 'Neg' | 'Square', x: Tensor): Tensor {
  return rawOp(name, FLOAT, [x])
}

/** The same memory as complex numbers: [.., n, 2] float32 -> [.., n] complex64. */
export function asComplex(x: Tensor): Tensor {
  return rawOp('Bitcast', TO_COMPLEX, [x])
}

/** The same memory as pairs: [.., n] complex64 -> [.., n, 2] float32. */
export function asReal(x: Tensor): Tensor {
  return rawOp('Bitcast', TO_REAL, [x])
}

export function complexMul(a: Tensor, b: Tensor): Tensor {
  return rawOp('Mul', COMPLEX, [a, b])
}

/** Booleans [elements], false with probability `rate`; deterministic in the seeds (stateless Philox generator). */
export function randomKeep(elements: number, rate: number, seed: readonly [number, number], halves = !onGpu): Tensor {
  const seeds = tf.tensor1d([...seed], 'int32')
  if (!halves) {
    const uniform = rawOp('StatelessRandomUniform', UNIFORM, [tf.tensor1d([elements], 'int32'), seeds])
    return rawOp('GreaterEqual', FLOAT, [uniform, tf.scalar(rate)])
  }
  // each 32-bit number serves two elements, with its upper and its lower half: generating them dominates (a GPU would
  // compare int32 on the host)
  const bits = rawOp('StatelessRandomUniformFullInt', BITS, [tf.tensor1d([Math.ceil(elements / 2)], 'int32'), seeds])
  const limit = tf.scalar(keepLimit(rate), 'int32')
  const keep = (numbers: Tensor): Tensor => rawOp('GreaterEqual', INT, [numbers, limit])
  const both = tf.concat([keep(bits), keep(rawOp('LeftShift', INT, [bits, tf.scalar(16, 'int32')]))])
  return elements % 2 === 0 ? both : tf.slice(both, 0, elements)
}

/** The signed 32-bit number below which a share `rate` of all numbers is, in steps of 2⁻¹⁶: 0.1 is 0.100006. */
export function keepLimit(rate: number): number {
  return (Math.round(rate * 2 ** 16) - 2 ** 15) * 2 ** 16
}

/** Softmax over the last axis; `fused` is oneDNN's, on a CPU only. */
export function softmax(x: Tensor, fused = !onGpu): Tensor {
  return fused ? rawOp('_MklSoftmax', ONE_DNN_SOFTMAX, [x]) : rawOp('Softmax', FLOAT, [x])
}

/** Rows of table [rows, width] by ids [..]: [.., width]. `tf.gather` would read the ids back to check them. */
export function gatherRows(table: Tensor, ids: Tensor): Tensor {
  return rawOp('GatherV2', GATHER, [table, ids, tf.scalar(0, 'int32')])
}

/** The sum of the rows [n, width] of each id [n]: [count, width], zero for an id without rows. */
export function segmentSum(rows: Tensor, ids: Tensor, count: number): Tensor {
  return rawOp('UnsortedSegmentSum', SEGMENT_SUM, [rows, ids, tf.scalar(count, 'int32')])
}

/** Of one shape, in one pass. */
export function sumOf(tensors: readonly Tensor[]): Tensor {
  return rawOp('AddN', [...FLOAT, attr.int('N', tensors.length)], tensors)
}

/** Of one shape, some in bfloat16, in float32, by a fused kernel. */
export function sumOfBoth(tensors: readonly Tensor[]): Tensor {
  const [wide, short] = [tensors.filter((tensor) => !isNarrow(tensor)), tensors.filter(isNarrow)]
  return rawOp('SohuSum', [attr.int('N', wide.length), attr.int('M', short.length)], [...wide, ...short])
}

/** In either precision. */
export function reshaped(x: Tensor, shape: readonly number[]): Tensor {
  return rawOp('Reshape', [typeOf(x), SHAPE], [x, tf.tensor1d([...shape], 'int32')])
}

export function transposed(x: Tensor, axes: readonly number[]): Tensor {
  return rawOp('Transpose', [typeOf(x), AXES], [x, tf.tensor1d([...axes], 'int32')])
}

const SHAPE = attr.type('Tshape', 'int32')
const AXES = attr.type('Tperm', 'int32')
const [WIDE_TYPE, NARROW_TYPE] = [attr.type('T'), attr.type('T', 'bfloat16')]
const typeOf = (x: Tensor) => (isNarrow(x) ? NARROW_TYPE : WIDE_TYPE)

/** Softmax cross-entropy of logits [batch, classes]: losses [batch] and their gradient [batch, classes]. */
export function sparseCrossEntropy(logits: Tensor2D, labels: Tensor1D): { losses: Tensor; gradient: Tensor } {
  const [losses, gradient] = rawOps('SparseSoftmaxCrossEntropyWithLogits', SPARSE_LOSS, [logits, labels], 2)
  return { losses: losses!, gradient: gradient! }
}
