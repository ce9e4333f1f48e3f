import { describe, expect, it } from 'vitest'
import { onGpu, tf } from '../tfjs'
import { randomKeep, softmax } from './tensor-ops'

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

describe('softmax', () => {
  it.skipIf(onGpu)('is the same by oneDNN and by TensorFlow, masked keys and a single key included', () => {
    const scores = tf.randomNormal([2, 3, 5, 7], 0, 4)
    const masked = tf.add(scores, tf.tensor1d([0, 0, 0, -1e9, 0, 0, -1e9]))
    for (const x of [scores, masked, tf.randomNormal([3, 1])]) {
      // probabilities of at most 1: a few roundings of float32
      expect(largest(softmax(x, true).dataSync(), softmax(x, false).dataSync())).toBeLessThan(1e-6)
    }
    const probs = softmax(masked, true).arraySync() as number[][][][]
    for (const row of probs.flat(2)) expect([row[3], row[6]]).toEqual([0, 0])
  })
})

describe.each([
  ['by halves of 32-bit numbers', true],
  ['by uniform numbers', false]
])('the dropout mask %s', (_, halves) => {
  const mask = (elements: number, rate: number, seed: [number, number]): ArrayLike<number> =>
    randomKeep(elements, rate, seed, halves).dataSync()

  it('leaves out the wanted share, evenly over the elements', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const values = Array.from(mask(200_000, rate, [3, 4]))
      for (const part of [values.slice(0, 100_000), values.slice(100_000), values.filter((_, i) => i % 2 === 0)]) {
        // five standard deviations of a share over 100,000 draws
        expect(Math.abs(part.filter((keep) => !keep).length / part.length - rate)).toBeLessThan(
          5 * Math.sqrt((rate * (1 - rate)) / 100_000)
        )
      }
    }
  })

  it('draws the two halves independently of each other', () => {
    const values = Array.from(mask(200_000, 0.5, [5, 6]))
    const equal = values.slice(0, 100_000).filter((keep, i) => keep === values[100_000 + i]).length
    expect(Math.abs(equal / 100_000 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 100_000))
  })

  it('is a function of its seeds alone, for odd sizes too', () => {
    expect(mask(7, 0.5, [1, 2])).toHaveLength(7)
    expect(mask(1001, 0.5, [1, 2])).toEqual(mask(1001, 0.5, [1, 2]))
    expect(mask(1001, 0.5, [1, 2])).not.toEqual(mask(1001, 0.5, [1, 3]))
    expect(mask(1001, 0.5, [1, 2])).not.toEqual(mask(1001, 0.5, [2, 2]))
  })
})
