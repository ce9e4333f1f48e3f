import { describe, expect, it } from 'vitest'
import { createRandom } from './random'

describe('createRandom', () => {
  it('repeats its numbers for the same seeds and parts for others', () => {
    const numbers = (...seeds: (number | string)[]) => {
      const random = createRandom(...seeds)
      return Array.from({ length: 5 }, () => random.next())
    }
    expect(numbers(1, 'a')).toEqual(numbers(1, 'a'))
    expect(numbers(1, 'a')).not.toEqual(numbers(1, 'b'))
    expect(numbers(1, 2)).not.toEqual(numbers(12))
  })

  it('is uniform and normal as far as moments show', () => {
    const random = createRandom(7)
    const uniform = Array.from({ length: 20_000 }, () => random.next())
    const normal = Array.from({ length: 20_000 }, () => random.normal())
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    // Five standard errors of a mean over 20,000 draws: .0102 (uniform), .035 (normal), .05 (squared normal).
    expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(0.0102)
    expect(Math.abs(mean(normal))).toBeLessThan(0.035)
    expect(Math.abs(mean(normal.map((x) => x * x)) - 1)).toBeLessThan(0.05)
  })

  it('shuffles into a permutation', () => {
    const items = createRandom(3).shuffle(Int32Array.from({ length: 50 }, (_, i) => i))
    expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect([...items].slice(0, 5)).not.toEqual([0, 1, 2, 3, 4])
  })
})
