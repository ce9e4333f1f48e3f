import { attr, narrow, rawOp, tf, widen, type Tensor } from '../tfjs'

/** Matrix products of float32 tensors, which may also be passed as `factor` returns them. */
export interface Products {
  /** A factor as the products read it: itself, or its copy in bfloat16. A factor of several products is converted once. */
  readonly factor: (x: Tensor) => Tensor
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
  factor: (x) => x,
  matMul: (a, b, transposeA = false, transposeB = false) =>
    rawOp('MatMul', [...FLOAT, ...TRANSPOSED.get(`${transposeA} ${transposeB}`)!], [a, b]),
  batchMatMul: (a, b, swapA = false, swapB = false) =>
    rawOp('BatchMatMulV2', [...FLOAT, ...SWAPPED.get(`${swapA} ${swapB}`)!], [a, b])
}

/** bfloat16 tensors with sums in float32 and results in bfloat16. */
export const NARROW: Products = {
  factor: narrow,
  matMul: (a, b, transposeA = false, transposeB = false) =>
    rawOp('MatMul', [...HALF, ...TRANSPOSED.get(`${transposeA} ${transposeB}`)!], [a, b]),
  batchMatMul: (a, b, swapA = false, swapB = false) =>
    rawOp('BatchMatMulV2', [...HALF, ...SWAPPED.get(`${swapA} ${swapB}`)!], [a, b])
}

/**
 * Mixed precision (Kalamkar et al. 2019, arXiv:1905.12322): factors are cast to bfloat16, sums are in float32, and the result is
 * rounded to bfloat16 and cast back. Weights, and everything between products, stay in float32. The same operations on a CPU (fast with
 * AVX512-BF16 or AMX) and on a GPU (tensor cores, from compute capability 8.0 on).
 */
export const BFLOAT16: Products = {
  factor: narrow,
  matMul: (a, b, ...transposed) => tf.tidy(() => widen(NARROW.matMul(narrow(a), narrow(b), ...transposed))),
  batchMatMul: (a, b, ...swapped) => tf.tidy(() => widen(NARROW.batchMatMul(narrow(a), narrow(b), ...swapped)))
}
