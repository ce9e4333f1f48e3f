import { describe, expect, it } from 'vitest'
import { assign } from './assignment'

/** All permutations of 0..n-1. */
function permutations(n: number): number[][] {
  if (n === 0) return [[]]
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)])
  )
}

describe('assign', () => {
  it('finds the largest sum of all assignments', () => {
    for (let trial = 0; trial < 40; trial++) {
      const gain = Array.from({ length: 6 }, (_, row) =>
        Array.from({ length: 6 }, (_, column) => {
          const value = Math.abs(Math.sin(1 + trial * 97 + row * 13 + column * 7)) // any fixed numbers
          return row === column || value < 0.15 ? -Infinity : value
        })
      )
      const sum = (columns: readonly number[]) => columns.reduce((total, column, row) => total + gain[row]![column]!, 0)
      const best = Math.max(...permutations(6).map(sum))
      if (best === -Infinity) continue
      const columns = assign(gain)
      expect([...columns].sort()).toEqual([0, 1, 2, 3, 4, 5])
      expect(sum(columns)).toBeCloseTo(best, 12)
    }
  })

  it('refuses a matrix in which no assignment avoids the forbidden cells', () => {
    expect(() =>
      assign([
        [-Infinity, 1],
        [-Infinity, 2]
      ])
    ).toThrow(RangeError)
  })
})
