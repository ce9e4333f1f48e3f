import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePairs, windows } from './encode'
import { fakeTokenizer } from './fake-engine.fixtures'

const ids = (length: number, base: number): Int32Array => Int32Array.from({ length }, (_, i) => base + i)

describe('encodePairs', () => {
  it('frames, cuts and packs all sequences into one buffer', () => {
    const pairs = encodePairs(
      fakeTokenizer,
      [
        { a: 'ab', b: 'c' },
        { a: 'abcdefgh', b: 'xyz' }
      ],
      { maxLength: 8, truncation: 'longest-first' }
    )
    const [first, second] = pairs
    expect(first).toMatchObject({
      pair: 0,
      truncated: false,
      tokenIds: Int32Array.of(1, 97, 98, 2, 99, 2),
      segmentIds: Int32Array.of(0, 0, 0, 0, 1, 1)
    })
    expect(second).toMatchObject({ pair: 1, truncated: true, tokenIds: Int32Array.of(1, 97, 98, 2, 120, 121, 122, 2) })
    expect(new Set(pairs.flatMap((pair) => [pair.tokenIds.buffer, pair.segmentIds.buffer])).size).toBe(1)
  })

  it('tokenizes a text that occurs in many pairs once', () => {
    let cut = 0
    const counting = { ...fakeTokenizer, ids: (text: string) => (cut++, fakeTokenizer.ids(text)) }
    encodePairs(
      counting,
      ['x', 'y', 'z'].map((b) => ({ a: 'query', b })),
      { maxLength: 64, truncation: 'longest-first' }
    )
    expect(cut).toBe(4)
  })

  it('reads a long pair in several sequences of the same pair', () => {
    const sequences = encodePairs(fakeTokenizer, [{ a: 'ab', b: 'cdefghij' }], {
      maxLength: 64,
      truncation: { window: 9, stride: 2, combine: 'max' }
    })
    expect(sequences.map(({ tokenIds }) => String.fromCharCode(...tokenIds.subarray(4, -1)))).toEqual([
      'cdef',
      'efgh',
      'ghij'
    ])
    expect(sequences.every(({ pair, truncated }) => pair === 0 && !truncated)).toBe(true)
  })
})

describe('windows', () => {
  it('reads every token of both texts, in order, within the window', () => {
    const size = fc.integer({ min: 0, max: 300 })
    fc.assert(
      fc.property(
        size,
        size,
        fc.integer({ min: 5, max: 64 }),
        fc.integer({ min: 1, max: 64 }),
        (a, b, window, stride) => {
          const parts = windows(ids(a, 1_000), ids(b, 5_000), { window, stride, combine: 'max' })
          expect(parts.every(([partA, partB]) => partA.length + partB.length + 3 <= window)).toBe(true)
          expect(new Set(parts.flatMap(([part]) => [...part])).size).toBe(a)
          expect(new Set(parts.flatMap(([, part]) => [...part])).size).toBe(b)
          parts.slice(1).forEach(([partA, partB], i) => {
            expect((partA[0] ?? 0) >= (parts[i]![0][0] ?? 0) && (partB[0] ?? 0) >= (parts[i]![1][0] ?? 0)).toBe(true)
          })
        }
      )
    )
  })
})
