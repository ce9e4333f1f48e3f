import { describe, expect, it } from 'vitest'
import type { EncodedPairs } from '../data/encode'
import { mineNegatives, negativesOf } from './mine'
import type { PairNetwork } from './predict'

/** A text is [CLS] angle [SEP], its vector points at that angle in degrees. */
const network: PairNetwork = {
  architecture: 'bi-encoder',
  width: 2,
  scales: [],
  offsets: [],
  run: async ({ batch, seq, tokenIds }) =>
    Float32Array.from({ length: 2 * batch }, (_, i) => {
      const angle = (tokenIds[(i >> 1) * seq + 1]! * Math.PI) / 180
      return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
    })
}

/** Pairs of two texts each: [angle, key, other angle, its key, task]. */
function pairsOf(...rows: [number, number, number, number, number][]): EncodedPairs {
  return {
    tokenIds: Int32Array.from(rows.flatMap(([a, , b]) => [101, a, 102, 101, b, 102])),
    offsets: Int32Array.from({ length: rows.length + 1 }, (_, i) => 6 * i),
    firstLengths: new Int32Array(rows.length).fill(3),
    truncated: new Uint8Array(rows.length),
    taskIds: Int32Array.from(rows, ([, , , , task]) => task),
    labels: new Int8Array(rows.length),
    keys: Int32Array.from(rows.flatMap(([, a, , b]) => [a, b]))
  }
}

const pairs = pairsOf(
  [10, 1, 12, 1, 0], // the nearest text to 10 is 12, of the same key
  [40, 2, 25, 3, 0],
  [11, 4, 90, 4, 1], // near 10, but of another task
  [80, -1, 70, 5, 0], // the first text has no key
  [9, 6, 85, 6, 0] // near 10, but not shown
)

describe('mined negatives', () => {
  it('are the nearest texts of the same task and another key among those shown, the nearest first', async () => {
    const mined = await mineNegatives(network, pairs, [Int32Array.of(3, 1), Int32Array.of(0, 2)], 2)
    expect(mined).toEqual([
      ...[3, 2], // 25, then 40
      ...[3, 1], // 25 (another key), then 12
      ...[-1, -1], // nothing else in that task
      ...[-1, -1],
      ...[-1, -1]
    ])
    expect(negativesOf(Int32Array.of(1, 2), mined, 2)).toEqual([3, 1])
  })

  it('do not depend on how the batches are cut', async () => {
    const once = await mineNegatives(network, pairs, [Int32Array.of(0, 1, 2, 3, 4)], 1)
    const twice = await mineNegatives(network, pairs, [Int32Array.of(4, 2, 0), Int32Array.of(3, 1)], 1)
    expect(twice).toEqual(once)
    expect(once.slice(0, 2)).toEqual([8, 3]) // 9 is shown now
  })
})
