import { describe, expect, it } from 'vitest'
import { attr, hasBfloat16, onGpu, rawOp, rawOps, tf, type Tensor } from './tfjs'

const values = (tensor: Tensor) => Array.from(tensor.dataSync())

/** A TensorFlow resource variable under the name that makes each call a fresh one, freed with its handle. */
function resource(initial: Tensor): Tensor {
  const handle = rawOp(
    'VarHandleOp',
    [
      attr.string('container', ''),
      attr.string('shared_name', 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'),
      attr.type('dtype'),
      attr.shape('shape', initial.shape)
    ],
    []
  )
  rawOps('AssignVariableOp', [attr.type('dtype'), attr.bool('validate_shape', false)], [handle, initial], 0)
  return handle
}

const read = (handle: Tensor) => rawOp('ReadVariableOp', [attr.type('dtype')], [handle])

describe('tfjs', () => {
  it('runs on the native library', () => {
    expect(tf.getBackend()).toBe('tensorflow')
  })

  it('reaches an operation by name', () => {
    const erf = rawOp('Erf', [attr.type('T')], [tf.tensor1d([0, 1, -2])])
    const expected = [0, 0.8427007929, -0.995322265] // Abramowitz and Stegun, table 7.1
    values(erf).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6)) // float32 keeps about 7 digits
  })

  it('passes every kind of attribute and returns several outputs', () => {
    const rows = 2
    const [normed, mean] = rawOps(
      'FusedBatchNormV3',
      [
        attr.type('T'),
        attr.type('U'),
        attr.float('epsilon', 1e-12),
        attr.string('data_format', 'NCHW'),
        attr.bool('is_training', true)
      ],
      [tf.tensor4d([1, 3, 4, 8], [1, rows, 2, 1]), tf.ones([rows]), tf.zeros([rows]), tf.tensor1d([]), tf.tensor1d([])],
      6
    )
    expect(values(mean!)).toEqual([2, 6])
    values(normed!).forEach((value, i) => expect(value).toBeCloseTo([-1, 1, -1, 1][i]!, 6)) // float32 keeps about 7 digits
  })

  it('draws the same stateless numbers for the same seed, and others for another', () => {
    const draw = (seed: number) =>
      values(
        rawOp(
          'StatelessRandomUniform',
          [attr.type('dtype'), attr.type('T', 'int32'), attr.type('Tseed', 'int32')],
          [tf.tensor1d([8], 'int32'), tf.tensor1d([7, seed], 'int32')]
        )
      )
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('updates a resource variable in place, while a tensor read before keeps its values', () => {
    const weight = resource(tf.tensor1d([1, 2]))
    const before = read(weight)
    rawOps(
      'ResourceApplyGradientDescent',
      [attr.type('T'), attr.bool('use_locking', false)],
      [weight, tf.scalar(0.5), tf.tensor1d([1, -1])],
      0
    )
    expect(values(before)).toEqual([1, 2])
    expect(values(read(weight))).toEqual([0.5, 2.5])
  })

  it('lets tidy own what raw operations make', () => {
    const before = tf.memory().numTensors
    tf.tidy(() => {
      rawOp('Erf', [attr.type('T')], [tf.ones([4])])
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it.skipIf(onGpu)('normalises rows with oneDNN on a CPU', () => {
    const normed = rawOp(
      '_MklLayerNorm',
      [attr.type('T'), attr.float('epsilon', 1e-12), attr.string('_kernel', '')],
      [
        tf.tensor2d([
          [1, 3],
          [4, 8]
        ]),
        tf.ones([2]),
        tf.zeros([2])
      ]
    )
    values(normed).forEach((value, i) => expect(value).toBeCloseTo([-1, 1, -1, 1][i]!, 5)) // oneDNN's rsqrt is good to about 6 digits
  })

  it.runIf(!onGpu)('knows from the processor whether bfloat16 pays', () => {
    expect(hasBfloat16(new Set(['fma', 'avx512_bf16']))).toBe(true)
    expect(hasBfloat16(new Set(['fma', 'avx512_fp16']))).toBe(false)
  })

  it('names the operation that TensorFlow does not have', () => {
    expect(() => rawOp('NoSuchOp', [], [])).toThrow(/NoSuchOp/)
  })
})
