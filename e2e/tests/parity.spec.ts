import { readFileSync } from 'node:fs'
import type { Dtype, MatchResult } from '@sohu-match/sdk-web'
import type { EnginePage } from '../support/engines/engine'
import { expect, test } from '../support/fixtures'
import { EXPECTED } from '../support/paths'
import { PAIRS } from '../support/pairs'

const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<Dtype, MatchResult[]>

/**
 * Largest difference of a logit from the Node SDK's on the same graph, by device and dtype. fp32: sums run in another order. fp16: Node's processor
 * and wasm round at other places, 2^-11 each. int8: an activation at the edge of two codes may round the other way. q8, q4: Node's kernel rounds
 * activations to 8 bits (accuracy_level 4), the browser's keep them; 0.02 was seen, logits being of the order of 1.
 */
const TOLERANCES: Record<'wasm' | 'webgpu', Partial<Record<Dtype, number>>> = {
  wasm: { fp32: 1e-5, fp16: 1e-3, int8: 1e-2, q8: 6e-2, q4: 6e-2 },
  webgpu: { fp32: 1e-5, q8: 6e-2 }
}

/** Pairs for each device: all ten, or the first six (one a task, from one word to beyond the maximum length), because software shaders compile for each shape. */
const COUNTS = { wasm: PAIRS.length, webgpu: 6 }

/** Scores the pairs in one call and returns the largest difference of a logit. */
async function largestDifference(page: EnginePage, device: 'wasm' | 'webgpu', dtype: Dtype): Promise<number> {
  const pairs = PAIRS.slice(0, COUNTS[device])
  const { results, info } = await page.evaluate(
    async ({ pairs, device, dtype }) => {
      const matcher = await sdk.createMatcher({ model: '/model/', device, dtype })
      return { results: await matcher.matchMany(pairs), info: matcher.info }
    },
    { pairs, device, dtype }
  )
  expect(info).toMatchObject({ device, dtype })
  const facts = ({ task, tokenCount, truncated, threshold }: MatchResult) => ({
    task,
    tokenCount,
    truncated,
    threshold
  })
  expect(results.map(facts)).toEqual(expected[dtype].slice(0, pairs.length).map(facts))
  return Math.max(
    ...results.flatMap(({ logits }, index) =>
      ([0, 1] as const).map((k) => Math.abs(logits[k] - expected[dtype][index]!.logits[k]))
    )
  )
}

test('the browser computes the numbers of the Node SDK, for all six tasks and mixed lengths', async ({
  sdkPage,
  device
}) => {
  test.setTimeout(480_000) // shaders compile slowly on a software adapter
  for (const [dtype, tolerance] of Object.entries(TOLERANCES[device]) as [Dtype, number][]) {
    const difference = await largestDifference(sdkPage, device, dtype)
    console.log(`${device} ${dtype}: largest logit difference ${difference.toExponential(2)}, allowed ${tolerance}`)
    expect(difference, dtype).toBeLessThan(tolerance)
  }
})
