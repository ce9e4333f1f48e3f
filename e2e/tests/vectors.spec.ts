import { readFileSync } from 'node:fs'
import type { Dtype, MatchResult } from '@sohu-match/sdk-web'
import { expect, test } from '../support/fixtures'
import { PAIRS, TEXTS } from '../support/pairs'
import { EXPECTED_VECTORS } from '../support/paths'

interface Expected {
  readonly vectors: number[]
  readonly results: MatchResult[]
}
const expected = JSON.parse(readFileSync(EXPECTED_VECTORS, 'utf8')) as Record<Dtype, Expected>

/** Largest difference of a number of a vector, by dtype: see parity.spec. The numbers of a vector are below 1, and its length is 1. */
const TOLERANCES = { fp32: 1e-5, int8: 1e-2, q8: 3e-2 } as const

for (const [dtype, tolerance] of Object.entries(TOLERANCES) as [Dtype, number][]) {
  test(`a bi-encoder gives the vectors and scores of the Node SDK in ${dtype}`, async ({ sdkPage }) => {
    const found = await sdkPage.evaluate(
      async ({ texts, pairs, dtype }) => {
        const matcher = await sdk.createMatcher({ model: '/vectors/', device: 'wasm', dtype })
        const vectors = [...(await matcher.embed(texts, 'B-sl'))]
        return { vectors, results: await matcher.matchMany(pairs), info: matcher.info }
      },
      { texts: TEXTS, pairs: PAIRS, dtype }
    )
    const { vectors, results } = expected[dtype]
    const largest = Math.max(...found.vectors.map((value, i) => Math.abs(value - vectors[i]!)))
    console.log(`wasm ${dtype}: largest difference of a vector ${largest.toExponential(2)}, allowed ${tolerance}`)
    expect(found.vectors).toHaveLength(vectors.length)
    expect(largest).toBeLessThan(tolerance)
    expect(found.results.map(({ tokenCount, truncated }) => [tokenCount, truncated])).toEqual(
      results.map(({ tokenCount, truncated }) => [tokenCount, truncated])
    )
    // A cosine is a sum of products of two vectors of length 1, and the scale of this model is about 12.
    found.results.forEach(({ logits }, i) =>
      expect(Math.abs(logits[1] - results[i]!.logits[1])).toBeLessThan(40 * tolerance)
    )
    expect(found.info).toMatchObject({ architecture: 'bi-encoder', vectors: { hidden: 64 } })
  })
}
