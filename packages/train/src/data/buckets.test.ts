import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatherBatch } from './batch'
import { paddingShare, planEpoch, planEvaluation, type BatchingOptions } from './buckets'

const lengthsOf = fc.array(fc.integer({ min: 3, max: 512 }), { minLength: 1, maxLength: 300 })
const seeds = fc.integer({ min: 0, max: 1000 })
const options: fc.Arbitrary<BatchingOptions> = fc.oneof(
  fc.record({
    batching: fc.constant('buckets' as const),
    batchTokens: fc.integer({ min: 16, max: 4096 }),
    poolPairs: fc.integer({ min: 1, max: 200 }),
    maxPairs: fc.integer({ min: 1, max: 64 })
  }),
  fc.record({ batching: fc.constant('reference' as const), batchSize: fc.integer({ min: 1, max: 40 }) })
)
const sorted = (batches: readonly Int32Array[]) => batches.flatMap((batch) => [...batch]).sort((i, j) => i - j)

describe('planEpoch', () => {
  it('has each pair exactly once an epoch', () => {
    fc.assert(
      fc.property(lengthsOf, options, seeds, (lengths, chosen, seed) => {
        expect(sorted(planEpoch(lengths, chosen, seed, 1).batches)).toEqual(lengths.map((_, i) => i))
      })
    )
  })

  it('shows only as many pairs as an epoch may, others in another epoch, and never two kinds in one batch', () => {
    const lengths = Array.from({ length: 90 }, (_, i) => 5 + (i % 7))
    const kinds = lengths.map((_, i) => i % 3)
    const shown = (epoch: number): number[] => {
      const options = { batching: 'buckets', batchTokens: 64, epochPairs: 30, kinds } as const
      const { batches, pairWeight } = planEpoch(lengths, options, 1, epoch)
      for (const batch of batches) expect(new Set(Array.from(batch, (i) => kinds[i])).size).toBe(1)
      expect(pairWeight).toBeCloseTo(batches.length / 30, 12)
      return sorted(batches)
    }
    expect(new Set(shown(0)).size).toBe(30)
    expect(shown(0)).not.toEqual(shown(1))
  })

  it('keeps the token budget and the most pairs; only a pair that is longer than the budget stands alone above it', () => {
    fc.assert(
      fc.property(
        lengthsOf,
        fc.integer({ min: 16, max: 4096 }),
        fc.integer({ min: 1, max: 64 }),
        seeds,
        (lengths, batchTokens, maxPairs, seed) => {
          for (const batch of planEpoch(lengths, { batching: 'buckets', batchTokens, maxPairs }, seed, 0).batches) {
            expect(batch.length).toBeLessThanOrEqual(maxPairs)
            if (batch.length > 1)
              expect(batch.length * Math.max(...batch.map((i) => lengths[i]!))).toBeLessThanOrEqual(batchTokens)
          }
        }
      )
    )
  })

  it('depends only on lengths, options, seed and epoch', () => {
    fc.assert(
      fc.property(lengthsOf, options, seeds, (lengths, chosen, seed) => {
        expect(planEpoch(Int32Array.from(lengths), chosen, seed, 2)).toEqual(planEpoch(lengths, chosen, seed, 2))
      })
    )
    const lengths = Array.from({ length: 200 }, (_, i) => 3 + (i % 50))
    const flat = (seed: number, epoch: number) =>
      planEpoch(lengths, { batching: 'buckets', batchTokens: 512 }, seed, epoch).batches.map((batch) => [...batch])
    expect(flat(1, 0)).not.toEqual(flat(1, 1))
    expect(flat(1, 0)).not.toEqual(flat(2, 0))
  })

  it('weights all pairs equally over a bucketed epoch, and the weights of the steps sum to their number', () => {
    fc.assert(
      fc.property(lengthsOf, seeds, (lengths, seed) => {
        const { batches, pairWeight } = planEpoch(lengths, { batching: 'buckets', batchTokens: 600 }, seed, 0)
        expect(pairWeight! * lengths.length).toBeCloseTo(batches.length, 9) // rounding of one division
      })
    )
  })

  it('cuts the reference batches off one permutation, the last one smaller', () => {
    const { batches, pairWeight } = planEpoch(
      new Int32Array(37).fill(5),
      { batching: 'reference', batchSize: 16 },
      0,
      0
    )
    expect(batches.map((batch) => batch.length)).toEqual([16, 16, 5])
    expect(pairWeight).toBeUndefined()
  })

  it('pads far less in buckets than in the reference batches if lengths vary', () => {
    const lengths = Array.from({ length: 4000 }, (_, i) => 20 + ((i * 7919) % 490))
    const buckets = planEpoch(lengths, { batching: 'buckets', batchTokens: 4096 }, 0, 0).paddingShare
    const reference = planEpoch(lengths, { batching: 'reference', batchSize: 16 }, 0, 0).paddingShare
    expect(buckets).toBeLessThan(0.03) // about 490 / 2048 x 16 tokens between neighbours in a batch
    expect(reference).toBeGreaterThan(0.4) // the longest of 16 uniform lengths is near 480, the mean 265
  })

  it('mixes short and long batches over the epoch', () => {
    const lengths = Array.from({ length: 2000 }, (_, i) => 10 + (i % 500))
    const { batches } = planEpoch(lengths, { batching: 'buckets', batchTokens: 2048 }, 3, 0)
    const firstHalf = batches.slice(0, batches.length / 2).map((batch) => lengths[batch[0]!]!)
    const mean = firstHalf.reduce((sum, length) => sum + length, 0) / firstHalf.length
    const all = batches.map((batch) => lengths[batch[0]!]!).reduce((sum, length) => sum + length, 0) / batches.length
    expect(Math.abs(mean / all - 1)).toBeLessThan(0.15) // two standard errors of the mean of half of some 260 batches
  })
})

describe('planEvaluation', () => {
  it('has each pair once, the longest first, within the budget', () => {
    fc.assert(
      fc.property(lengthsOf, fc.integer({ min: 512, max: 4096 }), (lengths, batchTokens) => {
        const batches = planEvaluation(lengths, batchTokens)
        expect(sorted(batches)).toEqual(lengths.map((_, i) => i))
        const longest = batches.map((batch) => Math.max(...batch.map((i) => lengths[i]!)))
        expect(longest).toEqual([...longest].sort((i, j) => j - i))
        batches.forEach((batch, i) => expect(batch.length * longest[i]!).toBeLessThanOrEqual(batchTokens))
      })
    )
  })
})

describe('gatherBatch', () => {
  const encoded = {
    tokenIds: Int32Array.of(2, 5, 3, 6, 3, 2, 3, 7, 8, 9, 3),
    offsets: Int32Array.of(0, 5, 11),
    firstLengths: Int32Array.of(3, 2),
    truncated: new Uint8Array(2),
    taskIds: Int32Array.of(4, 1),
    labels: Int8Array.of(1, -1)
  }

  it('pads to the longest with id 0 in segment 0', () => {
    const batch = gatherBatch(encoded, Int32Array.of(1, 0))
    expect([batch.batch, batch.seq, batch.tokenCount]).toEqual([2, 6, 11])
    expect([...batch.tokenIds]).toEqual([2, 3, 7, 8, 9, 3, 2, 5, 3, 6, 3, 0])
    expect([...batch.segmentIds]).toEqual([0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0])
    expect([[...batch.taskIds], [...batch.labels], [...batch.weights]]).toEqual([
      [1, 4],
      [-1, 1],
      [0.5, 0.5]
    ])
    expect(paddingShare([5, 6], [Int32Array.of(1, 0)])).toBeCloseTo(1 / 12, 12)
  })

  it('takes the weight of a planned epoch', () => {
    expect([...gatherBatch(encoded, Int32Array.of(0), { weight: 0.25 }).weights]).toEqual([0.25])
  })
})
