import { readFileSync } from 'node:fs'
import type { Dtype, MatchResult } from '@sohu-match/sdk-web'
import { corpusPairs } from '../support/corpus-pairs'
import { expect, test } from '../support/fixtures'
import { EXPECTED_ZH } from '../support/paths'

const expected = JSON.parse(readFileSync(EXPECTED_ZH, 'utf8')) as Record<Dtype, MatchResult[]>

/**
 * What is compared on each device, and the largest difference of a score from the Node SDK's on the same graph. int8: sums of floats run in
 * another order, so an activation at the edge of two codes may round the other way, and a score moves by at most scale / 4 = 3 times the
 * cosine's difference; 0.035 was seen on 240 pairs. q8: Node's kernel rounds activations to 8 bits (accuracy_level 4), the browser's keeps them.
 * The software adapter for WebGPU compiles shaders for each shape, so it gets one pair per task of short texts.
 */
const COMPARED = {
  wasm: { dtype: 'int8', pairs: corpusPairs(), tolerance: 6e-2 },
  webgpu: { dtype: 'q8', pairs: corpusPairs().slice(0, 2), tolerance: 6e-2 }
} as const

test("the published model gives the Node SDK's labels and scores on test pairs of its corpus", async ({
  sdkPage,
  device
}) => {
  test.setTimeout(600_000)
  const { dtype, pairs, tolerance } = COMPARED[device]
  const { results, info } = await sdkPage.evaluate(
    async ({ pairs, device, dtype }) => {
      const matcher = await sdk.createMatcher({ model: '/zh/', device, dtype })
      return { results: await matcher.matchMany(pairs), info: matcher.info }
    },
    { pairs, device, dtype }
  )
  expect(info).toMatchObject({ device, dtype, architecture: 'bi-encoder' })
  const wanted = expected[dtype].slice(0, pairs.length)
  const differences = results.map(({ score }, i) => Math.abs(score - wanted[i]!.score))
  const margin = Math.min(...wanted.map(({ score, threshold }) => Math.abs(score - threshold)))
  console.log(
    `${device} ${dtype}: ${pairs.length} pairs, ${results.filter(({ label }) => label === 1).length} match; largest difference of a score ` +
      `${Math.max(...differences).toExponential(2)}, allowed ${tolerance}; the nearest score is ${margin.toExponential(2)} from its threshold`
  )
  expect(Math.max(...differences)).toBeLessThan(tolerance)
  // A pair this close to its threshold may get either label; there are few, and fewer that do.
  const other = results.flatMap(({ label }, i) => (label === wanted[i]!.label ? [] : [i]))
  for (const i of other) expect(Math.abs(wanted[i]!.score - wanted[i]!.threshold)).toBeLessThan(tolerance)
  console.log(`${device} ${dtype}: ${other.length} labels differ`)
  expect(other.length).toBeLessThanOrEqual(pairs.length / 100)
  if (device === 'wasm') expect(new Set(results.map(({ label }) => label)).size, 'pairs of both labels').toBe(2)
})

test('the published model gives vectors, and ranks by them without encoding a text twice', async ({
  sdkPage,
  device
}) => {
  test.skip(device === 'webgpu', 'shaders of a software adapter; the wasm project runs it')
  const found = await sdkPage.evaluate(async () => {
    const matcher = await sdk.createMatcher({ model: '/zh/', device: 'wasm' })
    const texts = ['禾塘大桥提前两个月通车', '今早禾塘大桥放行', '新款折叠手机下月开售']
    const vectors = await matcher.embed(texts, 'B-ss')
    const ranked = await matcher.rank(texts[0]!, texts.slice(1), 'B-ss')
    const { hidden, cached } = matcher.info.vectors!
    const lengths = texts.map((_, i) => Math.hypot(...vectors.subarray(i * hidden, (i + 1) * hidden)))
    return { lengths, best: ranked[0]!.text, hidden, cached }
  })
  for (const length of found.lengths) expect(length).toBeCloseTo(1, 5)
  expect(found).toMatchObject({ best: '今早禾塘大桥放行', hidden: 512, cached: 3 })
})
