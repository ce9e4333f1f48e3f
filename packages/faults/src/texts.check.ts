import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMatcher, TASKS, type MatchResult } from '@sohu-match/sdk-node'
import { expect, it } from 'vitest'
import { openBrowser, type BrowserPage } from './browser'
import { MODEL } from './paths'
import { caseError, cases, counts, randomOf, record, REPLAYED } from './plan'
import { textPairs, type TextPair } from './texts'

const CHECK = 'texts'

/** Two texts per pair. */
const PAIRS = counts(5_000, 1_000)

/** Number of accepted pairs that the browser scores, too. */
const SAMPLE = counts(500, 100)

/** The longest text that is read (README of the SDKs), in UTF-16 code units. */
const LONGEST = 200_000

/**
 * Largest difference of a logit between Node and wasm, relative to logits above 1, as in e2e/tests/parity.spec.ts. fp32: sums run in another order.
 * int8: an activation at the edge of two codes may round the other way.
 */
const TOLERANCES = { fp32: 1e-5, int8: 1e-2 } as const

const taskOf = (index: number) => TASKS[index % TASKS.length]!
const accepted = ({ a, b }: TextPair): boolean => a.length <= LONGEST && b.length <= LONGEST

function requireResult(result: MatchResult, index: number): void {
  const { score, logits, tokenCount, label, threshold } = result
  if (!(
    score >= 0 &&
    score <= 1 &&
    logits.every(Number.isFinite) &&
    tokenCount >= 3 &&
    label === (score > threshold ? 1 : 0)
  ))
    throw caseError(CHECK, index, JSON.stringify(result))
}

it('gives every text a score in [0, 1], or input-invalid if it is too long', () =>
  record('generated texts, sdk-node', async () => {
    const pairs = textPairs(PAIRS)
    const indices = cases(PAIRS)
    await using matcher = await createMatcher({ model: MODEL, device: 'cpu' })
    let refused = 0
    for (let from = 0; from < indices.length; from += 100) {
      const chunk = indices.slice(from, from + 100)
      for (const index of chunk.filter((index) => !accepted(pairs[index]!))) {
        refused++
        const { a, b } = pairs[index]!
        const outcome = await matcher.match(a, b, taskOf(index)).catch((error: unknown) => error)
        if ((outcome as { code?: string }).code !== 'input-invalid')
          throw caseError(CHECK, index, `${a.length} and ${b.length} characters: ${String(outcome)}`)
      }
      const taken = chunk.filter((index) => accepted(pairs[index]!))
      const results = await matcher
        .matchMany(taken.map((index) => ({ ...pairs[index]!, task: taskOf(index) })))
        .catch((error: unknown) => {
          throw caseError(CHECK, chunk[0]!, `this one or the next hundred: ${String(error)}`)
        })
      expect(results).toHaveLength(taken.length)
      results.forEach((result, i) => requireResult(result, taken[i]!))
    }
    if (!REPLAYED) expect(refused).toBeGreaterThan(0)
    return {
      count: 2 * indices.length,
      result: `${indices.length - refused} pairs scored in [0, 1], ${refused} refused as input-invalid`
    }
  }))

/** The browser's results for the pairs; sent as JSON, since a lone surrogate does not survive the protocol to the browser. */
async function judgeInBrowser(
  { page }: BrowserPage,
  pairs: readonly (TextPair & { task: string })[],
  dtype: keyof typeof TOLERANCES
): Promise<MatchResult[]> {
  return page.evaluate(
    async ({ json, dtype }) => {
      const matcher = await sdk.createMatcher({ model: '/model/', device: 'wasm', dtype })
      const results = await matcher.matchMany(JSON.parse(json))
      await matcher.dispose()
      return results as never
    },
    { json: JSON.stringify(pairs), dtype }
  )
}

it('produces the same logits in the browser as in Node', () =>
  record('generated texts, Chromium against Node', async () => {
    const pairs = textPairs(PAIRS)
      .map((pair, index) => ({ ...pair, index, task: taskOf(index) }))
      .filter(accepted)
    const sample = randomOf(CHECK, 0).shuffle(pairs).slice(0, SAMPLE)
    await using browser = await openBrowser()
    browser.serve((path) => readFileSync(join(MODEL, path)))
    const told: string[] = []
    for (const [dtype, tolerance] of Object.entries(TOLERANCES) as [keyof typeof TOLERANCES, number][]) {
      await using matcher = await createMatcher({ model: MODEL, device: 'cpu', dtype })
      const wanted = await matcher.matchMany(sample)
      const found = await judgeInBrowser(browser, sample, dtype)
      expect([sample.length, wanted.length, found.length]).toEqual([SAMPLE, SAMPLE, SAMPLE])
      let largest = 0
      found.forEach(({ logits, tokenCount, truncated }, i) => {
        const differences = logits.map(
          (logit, k) => Math.abs(logit - wanted[i]!.logits[k]!) / Math.max(1, Math.abs(wanted[i]!.logits[k]!))
        )
        largest = Math.max(largest, ...differences)
        const same = tokenCount === wanted[i]!.tokenCount && truncated === wanted[i]!.truncated
        if (!same || !(Math.max(...differences) <= tolerance))
          throw caseError(CHECK, sample[i]!.index, `${dtype}: ${JSON.stringify([found[i], wanted[i]])}`)
      })
      told.push(`${dtype} ${largest.toExponential(1)} of ${tolerance}`)
    }
    expect(told).toHaveLength(2)
    return { count: sample.length, result: `largest difference of a logit: ${told.join(', ')}` }
  }))
