import { describe, expect, it } from 'vitest'
import { contrastOf, distinctTexts, padTexts, textBatch } from './text-batch'
import type { EncodedPairs } from './encode'

/** Pairs of texts [1, x, 2], task 0 but for the last pair. */
const pairs: EncodedPairs = {
  tokenIds: Int32Array.of(1, 7, 2, 1, 8, 9, 2, 1, 7, 2, 1, 5, 5, 5, 2, 1, 7, 2, 1, 8, 9, 2),
  offsets: Int32Array.of(0, 7, 15, 22),
  firstLengths: Int32Array.of(3, 3, 3),
  truncated: new Uint8Array(3),
  taskIds: Int32Array.of(0, 0, 1),
  labels: Int8Array.of(1, 0, 1),
  keys: Int32Array.of(4, 4, 4, 6, 4, 4)
}

describe('distinct texts', () => {
  it('reads a text of one task once, from the shortest to the longest, and says which texts a pair compares', () => {
    const texts = distinctTexts(pairs, Int32Array.of(0, 1, 2))
    expect(texts.tokens.map((tokens) => [...tokens])).toEqual([
      [1, 7, 2],
      [1, 7, 2],
      [1, 8, 9, 2],
      [1, 8, 9, 2],
      [1, 5, 5, 5, 2]
    ])
    expect([...texts.taskIds]).toEqual([0, 1, 0, 1, 0])
    expect([...texts.keys]).toEqual([4, 4, 4, 4, 6])
    expect([...texts.a]).toEqual([0, 0, 1])
    expect([...texts.b]).toEqual([2, 4, 3])
    expect([...texts.places]).toEqual([0, 4, 1, 5, 3])
  })

  it('adds texts of further places, which no pair of the batch compares', () => {
    const texts = distinctTexts(pairs, Int32Array.of(0), [3, 2])
    expect(texts.tokens.map((tokens) => [...tokens])).toEqual([
      [1, 7, 2],
      [1, 8, 9, 2],
      [1, 5, 5, 5, 2]
    ])
    expect([...texts.keys]).toEqual([4, 4, 6])
    expect([...texts.a, ...texts.b]).toEqual([0, 1])
  })

  it('takes the key of a text from whichever pair names it', () => {
    const keys = Int32Array.of(-1, 4, 5, 6, 4, 4)
    expect([...distinctTexts({ ...pairs, keys }, Int32Array.of(0, 1)).keys]).toEqual([5, 4, 6])
  })

  it('pads a range to its longest', () => {
    const texts = distinctTexts(pairs, Int32Array.of(0))
    expect(padTexts(texts, 0, 2)).toMatchObject({ batch: 2, seq: 4, tokenIds: Int32Array.of(1, 7, 2, 0, 1, 8, 9, 2) })
  })
})

describe('the contrast of a batch', () => {
  it('spreads the share over the texts that have a positive of their task, and masks the text itself and other tasks', () => {
    const texts = distinctTexts(pairs, Int32Array.of(0, 1, 2))
    const { targets, bias } = contrastOf(texts, 1, 20)!
    const row = (values: Float32Array, i: number): number[] => [...values.subarray(5 * i, 5 * i + 5)]
    expect(row(targets, 0)).toEqual([0, 0, 0.25, 0, 0])
    expect(row(targets, 1)).toEqual([0, 0, 0, 0.25, 0])
    expect(row(targets, 4)).toEqual([0, 0, 0, 0, 0])
    expect(row(bias, 0).map((value) => value < 0)).toEqual([true, true, false, true, false])
    expect(targets.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6)
  })

  it('is left out where the data do not say what texts are about', () => {
    const { keys: _keys, ...unknown } = pairs
    const options = { weight: 0.5, taskFactors: [1, 2], contrastiveWeight: 1, contrastiveScale: 20 }
    expect(textBatch(unknown, Int32Array.of(0, 1), options)).not.toHaveProperty('contrast')
    const batch = textBatch(pairs, Int32Array.of(0, 2), options)
    expect([...batch.weights]).toEqual([0.5, 1])
    expect(batch.contrast!.targets.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1.5, 6)
    expect(batch).toMatchObject({ pairs: 2, tokenCount: 14 })
  })
})
