import type { Random } from '../data/random'

/** A random orthogonal matrix [n, n], row-major: Gram-Schmidt on normal rows, twice for accuracy. */
export function randomOrthogonal(n: number, random: Random): Float32Array {
  const rows = Array.from({ length: n }, () => Float64Array.from({ length: n }, () => random.normal()))
  for (let i = 0; i < n; i++) {
    const row = rows[i]!
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) subtractProjection(row, rows[j]!)
    }
    const length = Math.hypot(...row)
    for (let k = 0; k < n; k++) row[k]! /= length
  }
  return Float32Array.from(rows.flatMap((row) => [...row]))
}

function subtractProjection(row: Float64Array, unit: Float64Array): void {
  let dot = 0
  for (let k = 0; k < row.length; k++) dot += row[k]! * unit[k]!
  for (let k = 0; k < row.length; k++) row[k]! -= dot * unit[k]!
}

/** The transpose of a square matrix [n, n]. */
export function transposed(matrix: Float32Array, n: number): Float32Array {
  return matrix.map((_, index) => matrix[(index % n) * n + Math.floor(index / n)]!)
}
