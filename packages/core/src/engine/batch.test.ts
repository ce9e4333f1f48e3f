import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitOneBatch, padBatch, pickBatch } from './batch'

describe('pickBatch', () => {
  it('keeps within budget and padding, holds the anchor, and leaves no neighbour that would fit', () => {
    const lengths = fc
      .array(fc.integer({ min: 3, max: 512 }), { minLength: 1, maxLength: 60 })
      .map((list) => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(
        lengths,
        fc.nat(),
        fc.integer({ min: 16, max: 4096 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (list, at, tokens, padding) => {
          const anchor = at % list.length
          const [from, to] = pickBatch(list, anchor, { tokens, padding })
          const within = (low: number, high: number): boolean => {
            const padded = (high - low) * list[high - 1]!
            return padded <= tokens && padded - list.slice(low, high).reduce((sum, n) => sum + n, 0) <= padding * padded
          }
          expect(from <= anchor && anchor < to).toBe(true)
          if (to - from > 1) expect(within(from, to)).toBe(true)
          if (from > 0) expect(within(from - 1, to)).toBe(false)
          if (to < list.length) expect(within(from, to + 1)).toBe(false)
        }
      )
    )
  })
})

describe('fitOneBatch', () => {
  it('agrees with pickBatch, whatever the order', () => {
    const limits = fc.record({
      tokens: fc.integer({ min: 16, max: 4096 }),
      padding: fc.double({ min: 0, max: 0.5, noNaN: true })
    })
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 3, max: 64 }), { minLength: 1, maxLength: 8 }),
        limits,
        (lengths, limit) => {
          const sorted = [...lengths].sort((one, other) => one - other)
          const [from, to] = pickBatch(sorted, 0, limit)
          if (to - from === lengths.length) expect(fitOneBatch(lengths, limit)).toBe(true)
          if (lengths.length > 1 && fitOneBatch(lengths, limit))
            expect(lengths.length * sorted.at(-1)!).toBeLessThanOrEqual(limit.tokens)
          expect(fitOneBatch(lengths.slice(0, 1), { tokens: 1, padding: 0 })).toBe(true)
        }
      )
    )
  })
})

describe('padBatch', () => {
  it('pads with 0 to the longest', () => {
    const batch = padBatch([
      { tokenIds: Int32Array.of(1, 2, 3), segmentIds: Int32Array.of(0, 0, 1), taskId: 5 },
      { tokenIds: Int32Array.of(4, 5), segmentIds: Int32Array.of(0, 1), taskId: 0 }
    ])
    expect(batch).toEqual({
      batch: 2,
      seq: 3,
      tokenIds: Int32Array.of(1, 2, 3, 4, 5, 0),
      segmentIds: Int32Array.of(0, 0, 1, 0, 1, 0),
      taskIds: Int32Array.of(5, 0)
    })
  })
})
