import type { Random } from './random'
import { multiply, type SparseMatrix } from './sparse'

/** The largest singular values of a matrix with their right vectors. */
export interface TruncatedSvd {
  /** `[columns, rank]`, row-major; columns orthonormal. */
  readonly right: Float32Array
  /** `[rank]`, descending. */
  readonly singular: Float64Array
}

/** Extra columns of the subspace, and passes over the matrix (Halko, Martinsson and Tropp 2011, 4.2 and 4.5). */
const OVERSAMPLE = 10
const PASSES = 2

/** Randomized subspace iteration, signed so that each column's largest entry is positive. */
export function truncatedSvd(matrix: SparseMatrix, rank: number, random: Random): TruncatedSvd {
  const width = Math.min(rank + OVERSAMPLE, matrix.rows, matrix.columns)
  let basis: Float32Array = Float32Array.from({ length: matrix.columns * width }, () => random.normal()) // [columns, width]
  orthonormalize(basis, matrix.columns, width)
  for (let pass = 0; pass < PASSES; pass++) {
    basis = multiply(matrix, multiply(matrix, basis, width), width, true)
    orthonormalize(basis, matrix.columns, width)
  }
  const projected = multiply(matrix, basis, width) // [rows, width]
  const { vectors, values } = symmetricEigen(gram(projected, matrix.rows, width), width)
  const kept = Math.min(rank, width)
  const right = new Float32Array(matrix.columns * kept)
  for (let r = 0; r < matrix.columns; r++) {
    for (let j = 0; j < kept; j++) {
      let sum = 0
      for (let k = 0; k < width; k++) sum += basis[r * width + k]! * vectors[k * width + j]!
      right[r * kept + j] = sum
    }
  }
  fixSigns(right, matrix.columns, kept)
  return { right, singular: values.slice(0, kept).map((value) => Math.sqrt(Math.max(0, value))) }
}

/**
 * Gram-Schmidt on the columns of `[rows, width]`, twice (Giraud et al. 2005); on the transpose for the cache's sake.
 */
function orthonormalize(matrix: Float32Array, rows: number, width: number): void {
  const columns = Array.from({ length: width }, (_, j) =>
    Float64Array.from({ length: rows }, (_, r) => matrix[r * width + j]!)
  )
  columns.forEach((column, j) => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < j; i++) {
        const earlier = columns[i]!
        const share = dot(column, earlier)
        for (let r = 0; r < rows; r++) column[r]! -= share * earlier[r]!
      }
    }
    const norm = Math.sqrt(dot(column, column))
    for (let r = 0; r < rows; r++) column[r] = norm > 1e-12 ? column[r]! / norm : 0 // a column in the others' span adds nothing
    for (let r = 0; r < rows; r++) matrix[r * width + j] = column[r]!
  })
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0
  for (let r = 0; r < one.length; r++) sum += one[r]! * other[r]!
  return sum
}

/** transposed x itself: `[width, width]` from `[rows, width]`. */
function gram(matrix: Float32Array, rows: number, width: number): Float64Array {
  const result = new Float64Array(width * width)
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < width; i++) {
      const value = matrix[r * width + i]!
      for (let j = i; j < width; j++) result[i * width + j]! += value * matrix[r * width + j]!
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) result[i * width + j] = result[j * width + i]!
  return result
}

/** Eigenvalues (descending) and eigenvectors (columns) by cyclic Jacobi rotations (Golub and Van Loan, section 8.5). */
export function symmetricEigen(
  symmetric: Float64Array,
  n: number
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const a = symmetric.slice()
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
  const scale = Math.sqrt(a.reduce((sum, value) => sum + value * value, 0))
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q]! ** 2
    if (Math.sqrt(off) <= 1e-12 * scale) break
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) if (a[p * n + q] !== 0) rotate(a, v, n, p, q)
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!)
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]!),
    vectors: Float64Array.from({ length: n * n }, (_, k) => v[Math.floor(k / n) * n + order[k % n]!]!)
  }
}

/** One rotation that makes a[p, q] zero. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const tau = (a[q * n + q]! - a[p * n + p]!) / (2 * a[p * n + q]!)
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau))
  const c = 1 / Math.sqrt(1 + t * t)
  const s = t * c
  for (let k = 0; k < n; k++) {
    const [kp, kq] = [a[k * n + p]!, a[k * n + q]!]
    a[k * n + p] = c * kp - s * kq
    a[k * n + q] = s * kp + c * kq
  }
  for (let k = 0; k < n; k++) {
    const [pk, qk] = [a[p * n + k]!, a[q * n + k]!]
    a[p * n + k] = c * pk - s * qk
    a[q * n + k] = s * pk + c * qk
    const [vp, vq] = [v[k * n + p]!, v[k * n + q]!]
    v[k * n + p] = c * vp - s * vq
    v[k * n + q] = s * vp + c * vq
  }
}

function fixSigns(matrix: Float32Array, rows: number, columns: number): void {
  for (let j = 0; j < columns; j++) {
    let largest = 0
    for (let r = 0; r < rows; r++)
      if (Math.abs(matrix[r * columns + j]!) > Math.abs(largest)) largest = matrix[r * columns + j]!
    if (largest < 0) for (let r = 0; r < rows; r++) matrix[r * columns + j]! *= -1
  }
}
