import { attr, narrow, rawOp, tf, widen, type Tensor } from '../tfjs'

export interface Products {
  /** a b for matrices, either transposed. */
  readonly matMul: (a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean) => Tensor
  /** a b over equal leading axes, with the last two axes of either swapped. */
  readonly batchMatMul: (a: Tensor, b: Tensor, swapA?: boolean, swapB?: boolean) => Tensor
}

const flags = (a: string, b: string) =>
  new Map(
    [true, false].flatMap((one) =>
      [true, false].map((other) => [`${one} ${other}`, [attr.bool(a, one), attr.bool(b, other)]] as const)
    )
  )
const TRANSPOSED = flags('transpose_a', 'transpose_b')
const SWAPPED = flags('adj_x', 'adj_y')
const FLOAT = [attr.type('T')]
const HALF = [attr.type('T', 'bfloat16')]

/** Like the reference. */
export const FLOAT32: Products = {
  matMul: (a, b, transposeA = false, transposeB = false) =>
    rawOp('MatMul', [...FLOAT, ...TRANSPOSED.get(`${transposeA} ${transposeB}`)!], [a, b]),
  batchMatMul: (a, b, swapA = false, swapB = false) =>
    rawOp('BatchMatMulV2', [...FLOAT, ...SWAPPED.get(`${swapA} ${swapB}`)!], [a, b])
}

/** bfloat16 tensors with sums in float32 and results in bfloat16. */
export const NARROW: Products = {
  matMul: (a, b, transposeA = false, transposeB = false) =>
    rawOp('MatMul', [...HALF, ...TRANSPOSED.get(`${transposeA} ${transposeB}`)!], [a, b]),
  batchMatMul: (a, b, swapA = false, swapB = false) =>
    rawOp('BatchMatMulV2', [...HALF, ...SWAPPED.get(`${swapA} ${swapB}`)!], [a, b])
}

/**
 * Factors rounded to bfloat16, sums in float32, the result rounded to bfloat16 once more and kept as float32:
 * mixed-precision training (Kalamkar et al. 2019, arXiv:1905.12322). Twice as fast on processors with AVX512-BF16 or
 * AMX.
 */
export const BFLOAT16: Products = {
  matMul: (a, b, ...transposed) => tf.tidy(() => widen(NARROW.matMul(narrow(a), narrow(b), ...transposed))),
  batchMatMul: (a, b, ...swapped) => tf.tidy(() => widen(NARROW.batchMatMul(narrow(a), narrow(b), ...swapped)))
}
