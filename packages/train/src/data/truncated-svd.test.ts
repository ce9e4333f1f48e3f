import { describe, expect, it } from 'vitest'
import { createRandom } from './random'
import { multiply, type SparseMatrix } from './sparse'
import { symmetricEigen, truncatedSvd } from './truncated-svd'

function sparse(dense: readonly (readonly number[])[]): SparseMatrix {
  const starts = [0]
  const entries = dense.flatMap((row) => {
    const found = row.flatMap((value, column) => (value === 0 ? [] : [[column, value] as const]))
    starts.push(starts.at(-1)! + found.length)
    return found
  })
  return {
    rows: dense.length,
    columns: dense[0]!.length,
    starts: Int32Array.from(starts),
    indices: Int32Array.from(entries, ([column]) => column),
    values: Float32Array.from(entries, ([, value]) => value)
  }
}

describe('sparse products', () => {
  it('are those of the dense matrix', () => {
    const matrix = sparse([
      [1, 0, 2],
      [0, 3, 0]
    ])
    expect([...multiply(matrix, Float32Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([11, 14, 9, 12])
    expect([...multiply(matrix, Float32Array.of(1, 2, 3, 4), 2, true)]).toEqual([1, 2, 9, 12, 2, 4])
  })
})

describe('symmetricEigen', () => {
  it('gives back the matrix it took apart', () => {
    const n = 12
    const random = createRandom(1)
    const a = new Float64Array(n * n)
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random.normal()
    const { values, vectors } = symmetricEigen(a, n)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const sum = values.reduce((total, value, k) => total + value * vectors[i * n + k]! * vectors[j * n + k]!, 0)
        expect(sum).toBeCloseTo(a[i * n + j]!, 10) // float64 rounding over 12 terms
      }
    }
    expect([...values]).toEqual([...values].sort((x, y) => y - x))
  })
})

describe('truncatedSvd', () => {
  it('finds the singular values and directions of a matrix whose factors are known', () => {
    const [rows, columns, rank] = [60, 40, 5]
    const random = createRandom(2)
    const orthonormal = (n: number) => {
      const { vectors } = symmetricEigen(
        Float64Array.from({ length: n * n }, (_, i) =>
          Math.cos(1 + Math.min(Math.floor(i / n), i % n) * n + Math.max(Math.floor(i / n), i % n))
        ),
        n
      )
      return (r: number, j: number) => vectors[r * n + j]!
    }
    const [u, v] = [orthonormal(rows), orthonormal(columns)]
    const known = [9, 7, 5, 3, 2, 0.5, 0.2]
    const dense = Array.from({ length: rows }, (_, r) =>
      Array.from({ length: columns }, (_, c) => known.reduce((sum, s, j) => sum + s * u(r, j) * v(c, j), 0))
    )
    const { right, singular } = truncatedSvd(sparse(dense), rank, random)
    singular.forEach((value, j) => expect(value).toBeCloseTo(known[j]!, 4)) // float32 products
    for (let j = 0; j < rank; j++) {
      const along = Array.from({ length: columns }, (_, c) => right[c * rank + j]! * v(c, j)).reduce(
        (sum, value) => sum + value,
        0
      )
      expect(Math.abs(along)).toBeCloseTo(1, 4)
    }
  })

  it('gives the same bytes for the same seed', () => {
    const matrix = sparse([
      [1, 0, 2, 1],
      [0, 3, 0, 1],
      [1, 1, 1, 0]
    ])
    expect(truncatedSvd(matrix, 2, createRandom(5))).toEqual(truncatedSvd(matrix, 2, createRandom(5)))
  })
})
