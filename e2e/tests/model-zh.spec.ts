import { readFileSync } from 'node:fs'
import { createMatcher } from '@sohu-match/sdk-node'
import type { Dtype, MatchResult } from '@sohu-match/sdk-web'
import { corpusPairs } from '../support/corpus-pairs'
import { expect, test } from '../support/fixtures'
import { EXPECTED_ZH, ZH_MODEL } from '../support/paths'

const expected = JSON.parse(readFileSync(EXPECTED_ZH, 'utf8')) as Record<Dtype, MatchResult[]>

/**
 * What is compared on each device: the largest difference of a score, and the least cosine of a vector, with the Node SDK's on the same graph.
 * fp16 and int8 (whose activations have 14 bits) compute the same products on both sides, and floats are summed in another order: in int8 4.3e-4 was
 * seen on 240 pairs (6.1e-4 after the short training; with activations of 8 bits 1.6e-2 and 4.2e-2), in fp16 8e-5. q8: Node's kernel rounds
 * activations to 8 bits (accuracy_level 4), the browser's keeps them; a score moves by at most scale / 4 = 3 times the cosine's difference, and two
 * texts about one event are at 0.95. The software adapter for WebGPU compiles shaders for each shape, so it gets one pair of short texts per criterion.
 */
const COMPARED = {
  wasm: [
    { dtype: 'int8', pairs: corpusPairs(), tolerance: 5e-3, leastCosine: 0.9999 },
    { dtype: 'fp16', pairs: corpusPairs(), tolerance: 1e-3, leastCosine: 0.9999 }
  ],
  webgpu: [{ dtype: 'q8', pairs: corpusPairs().slice(0, 2), tolerance: 6e-2, leastCosine: 0.995 }]
} as const

test("the published model has the Node SDK's labels and scores on test pairs of its corpus", async ({
  sdkPage,
  device
}) => {
  test.setTimeout(600_000)
  for (const { dtype, pairs, tolerance } of COMPARED[device]) {
    const { results, info } = await sdkPage.evaluate(
      async ({ pairs, device, dtype }) => {
        const matcher = await sdk.createMatcher({ model: '/zh/', device, dtype })
        const found = { results: await matcher.matchMany(pairs), info: matcher.info }
        await matcher.dispose()
        return found
      },
      { pairs, device, dtype }
    )
    expect(info).toMatchObject({ device, dtype, architecture: 'bi-encoder' })
    const wanted = expected[dtype].slice(0, pairs.length)
    const differences = results.map(({ score }, i) => Math.abs(score - wanted[i]!.score))
    const margins = wanted.map(({ score, threshold }) => Math.abs(score - threshold))
    const other = results.flatMap(({ label }, i) => (label === wanted[i]!.label ? [] : [i]))
    const scores = other.map(
      (i) => `${pairs[i]!.task} ${results[i]!.score.toFixed(4)}, in Node ${wanted[i]!.score.toFixed(4)}`
    )
    console.log(
      `${device} ${dtype}: ${pairs.length} pairs, ${results.filter(({ label }) => label === 1).length} match; largest difference of a score ` +
        `${Math.max(...differences).toExponential(2)}, allowed ${tolerance}; the nearest score is ` +
        `${Math.min(...margins).toExponential(2)} from its threshold; ${[`${other.length} labels differ`, ...scores].join('; ')}`
    )
    expect(Math.max(...differences)).toBeLessThan(tolerance)
    // A pair this close to its threshold may get either label; there are few, and fewer that do.
    for (const i of other) expect(margins[i]).toBeLessThan(tolerance)
    expect(other.length).toBeLessThanOrEqual(pairs.length / 50)
    if (device === 'wasm') expect(new Set(results.map(({ label }) => label)).size, 'pairs of both labels').toBe(2)
  }
})

/** Texts that a software adapter compiles shaders for within a minute: two lengths. */
const TEXTS = ['禾塘大桥提前两个月通车', '今早禾塘大桥放行通车了', '新款折叠手机下月开售']

test("the published model has the Node SDK's vectors, and ranks by them without encoding a text twice", async ({
  sdkPage,
  device
}) => {
  test.setTimeout(600_000)
  const { dtype, leastCosine } = COMPARED[device][0]
  await using node = await createMatcher({ model: ZH_MODEL, device: 'cpu', dtype })
  const wanted = await node.embed(TEXTS, 'B-ss')
  const found = await sdkPage.evaluate(
    async ({ texts, device, dtype }) => {
      const matcher = await sdk.createMatcher({ model: '/zh/', device, dtype })
      const vectors = [...(await matcher.embed(texts, 'B-ss'))]
      const ranked = await matcher.rank(texts[0]!, texts.slice(1), 'B-ss')
      const { hidden, cached } = matcher.info.vectors!
      return { vectors, best: ranked[0]!.text, hidden, cached, device: matcher.info.device }
    },
    { texts: TEXTS, device, dtype }
  )
  expect(found).toMatchObject({ best: TEXTS[1], hidden: 512, cached: 3, device })
  const { vectors, hidden } = found
  const cosines = TEXTS.map((_, text) => {
    const own = vectors.slice(text * hidden, (text + 1) * hidden)
    expect(Math.hypot(...own)).toBeCloseTo(1, 4)
    return own.reduce((sum, value, i) => sum + value * wanted[text * hidden + i]!, 0)
  })
  console.log(`${device} ${dtype}: cosines with the vectors of Node ${cosines.map((one) => one.toFixed(5)).join(', ')}`)
  expect(Math.min(...cosines)).toBeGreaterThan(leastCosine)
})
