import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePair, keptLengths } from './encode-pair'

const vocab = { startId: 1, separatorId: 2 }
const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
const encode = (
  ...[a, b, maxLength, truncation]: [number, number | undefined, number, ('longest-first' | 'head-tail')?]
) => encodePair(range(100, a), b === undefined ? undefined : range(500, b), vocab, maxLength, truncation)

describe('keptLengths', () => {
  it('equals the reference, which takes tokens one by one from the longer text, from the first on a tie', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.nat(70), (a, b, budget) => {
        let [restA, restB] = [a, b]
        while (restA + restB > budget) {
          if (restA >= restB) restA--
          else restB--
        }
        expect(keptLengths(a, b, budget)).toEqual([restA, restB])
      }),
      { numRuns: 1000 }
    )
  })

  it('does not change when only tokens past the budget are left uncounted', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(70), (a, b, budget) => {
        expect(keptLengths(Math.min(a, budget + 1), Math.min(b, budget + 1), budget)).toEqual(keptLengths(a, b, budget))
      }),
      { numRuns: 1000 }
    )
  })
})

describe('encodePair', () => {
  it('frames two texts, segment 1 from the second on', () => {
    const [tokenIds, segmentIds] = [Int32Array.of(1, 100, 101, 2, 500, 2), Int32Array.of(0, 0, 0, 0, 1, 1)]
    expect(encode(2, 1, 10)).toEqual({ tokenIds, segmentIds, truncated: false })
  })

  it('frames one text with zeros as segments', () => {
    expect(encode(2, undefined, 10)).toEqual({
      tokenIds: Int32Array.of(1, 100, 101, 2),
      segmentIds: new Int32Array(4),
      truncated: false
    })
    expect(encode(5, undefined, 4)).toEqual({
      tokenIds: Int32Array.of(1, 100, 101, 2),
      segmentIds: new Int32Array(4),
      truncated: true
    })
  })

  it('keeps head and tail of the longer text, three to one', () => {
    expect([...encode(20, 2, 13, 'head-tail').tokenIds]).toEqual([1, ...range(100, 6), 118, 119, 2, 500, 501, 2])
    expect([...encode(3, 3, 9, 'head-tail').tokenIds]).toEqual([...encode(3, 3, 9).tokenIds])
  })

  it('fills the maximum length exactly when something is left out', () => {
    const ways = fc.constantFrom('longest-first' as const, 'head-tail' as const)
    fc.assert(
      fc.property(fc.nat(80), fc.nat(80), fc.integer({ min: 3, max: 90 }), ways, (a, b, maxLength, truncation) => {
        const { tokenIds, segmentIds, truncated } = encode(a, b, maxLength, truncation)
        expect(truncated).toBe(a + b + 3 > maxLength)
        expect(tokenIds.length).toBe(Math.min(a + b + 3, maxLength))
        expect(segmentIds.length).toBe(tokenIds.length)
        expect(tokenIds.filter((id) => id === 2).length).toBe(2)
      })
    )
  })

  const tooShort = [
    [2, 1],
    [2, 2.5],
    [2, NaN],
    [2, Infinity],
    [undefined, 1]
  ] as const
  it.each(tooShort)('reports a length without room for the special tokens (b %s, maximum %s)', (b, maxLength) => {
    expect(() => encode(1, b, maxLength)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
  })
})
