import { readFileSync } from 'node:fs'
import type { Dtype, MatchResult } from '@sohu-match/sdk-web'
import type { EnginePage } from '../support/engines/engine'
import { expect, openSdkPage, test } from '../support/fixtures'
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
  test(`a bi-encoder has the vectors and scores of the Node SDK in ${dtype}`, async ({ sdkPage }) => {
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

/** The kinds of requests that the page sends its workers from now on. */
async function watchRequests(page: Pick<EnginePage, 'evaluate'>): Promise<void> {
  await page.evaluate(() => {
    const requests: string[] = (kept.requests = [])
    const post = Worker.prototype.postMessage as (message: unknown, transfer: Transferable[]) => void
    Worker.prototype.postMessage = function (message: { type: string }, transfer: unknown) {
      requests.push(message.type)
      post.call(this, message, transfer as Transferable[])
    }
  })
}

/** Vectors of texts by a matcher that keeps them between visits; the requests that it took, and notes. */
async function embedKept(page: Pick<EnginePage, 'evaluate'>, texts: readonly string[]) {
  await watchRequests(page)
  return page.evaluate(async (texts) => {
    const matcher = await sdk.createMatcher({ model: '/vectors/', device: 'wasm', dtype: 'fp32', keepVectors: true })
    const vectors = [...(await matcher.embed(texts, 'B-sl'))]
    const ranked = (await matcher.rank(texts[0]!, texts.slice(1), 'B-sl')).map(({ index, score }) => [index, score])
    await matcher.dispose()
    return { vectors, ranked, requests: kept.requests as string[], notes: matcher.info.notes }
  }, texts)
}

test('keepVectors: a second visit computes nothing, and has the same vectors and ranks', async ({ sdkPage, site }) => {
  const first = await embedKept(sdkPage, TEXTS)
  expect(first.requests.filter((type) => /run|encode/i.test(type)).length).toBeGreaterThan(0)
  await openSdkPage(sdkPage, site)
  const second = await embedKept(sdkPage, TEXTS)
  expect(second.requests).toEqual(['load'])
  expect({ ...second, requests: [] }).toEqual({ ...first, requests: [] })
  expect(second.notes.filter((note) => note.startsWith('vectors'))).toEqual([])

  await sdkPage.evaluate(() => sdk.clearCache())
  await openSdkPage(sdkPage, site)
  const third = await embedKept(sdkPage, TEXTS)
  expect(third.requests.filter((type) => /run|encode/i.test(type)).length).toBeGreaterThan(0)
})

test('keepVectors: a call ends at its deadline where IndexedDB does not answer', async ({ sdkPage }) => {
  const code = await sdkPage.evaluate(async () => {
    IDBFactory.prototype.open = () => ({}) as IDBOpenDBRequest // a request that never succeeds and never fails
    const matcher = await sdk.createMatcher({ model: '/vectors/', device: 'wasm', dtype: 'fp32', keepVectors: true })
    return matcher.embed(['地铁新线开通'], 'B-sl', { deadlineMs: 200 }).catch((error: { code: string }) => error.code)
  })
  expect(code).toBe('deadline-exceeded')
})
