import { readFileSync } from 'node:fs'
import type { MatchResult } from '@sohu-match/sdk-web'
import { expect, test } from '../support/fixtures'
import { EXPECTED } from '../support/paths'
import { PAIRS } from '../support/pairs'

const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<string, MatchResult[]>

/**
 * Largest difference of a logit from the Node SDK's on the same graph. fp32, fp16, q8: the order of sums and the exponential differ between
 * kernels. int8: an activation at the edge of two codes may round the other way, which moves a logit by a step of its quantization.
 */
const TOLERANCES = {
  wasm: { fp32: 1e-4, fp16: 1e-3, int8: 5e-2, q8: 5e-2, q4: 5e-2 },
  webgpu: { fp32: 1e-4, fp16: 0, int8: 5e-2, q8: 5e-2, q4: 5e-2 }
}

test.describe('the browser gives the numbers of the Node SDK', () => {
  for (const dtype of ['fp32', 'fp16', 'int8', 'q8', 'q4'] as const) {
    test(`in ${dtype}`, async ({ sdkPage, device }) => {
      const tolerance = TOLERANCES[device][dtype]
      const { results, info } = await sdkPage.evaluate(async ({ pairs, device, dtype }) => {
        const matcher = await sdk.createMatcher({ model: '/model/', device, dtype })
        return { results: await matcher.matchMany(pairs), info: matcher.info }
      }, { pairs: PAIRS, device, dtype })
      expect(info).toMatchObject({ device, dtype })
      let largest = 0
      for (const [index, result] of results.entries()) {
        const other = expected[dtype]![index]!
        const { logits, ...facts } = result
        expect(facts).toMatchObject({ task: other.task, tokenCount: other.tokenCount, truncated: other.truncated, threshold: other.threshold })
        for (const k of [0, 1] as const) largest = Math.max(largest, Math.abs(logits[k] - other.logits[k]))
      }
      test.info().annotations.push({ type: 'largest logit difference', description: `${device} ${dtype} ${largest.toExponential(2)}` })
      console.log(`${device} ${dtype}: largest logit difference ${largest.toExponential(2)}`)
      expect(largest).toBeLessThan(tolerance)
    })
  }
})
