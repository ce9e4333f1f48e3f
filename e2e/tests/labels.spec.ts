import { readFileSync } from 'node:fs'
import type { AnyClassification, Dtype } from '@sohu-match/sdk-web'
import { expect, test } from '../support/fixtures'
import { LABELLED } from '../support/pairs'
import { EXPECTED_ANSWERS } from '../support/paths'

const expected = JSON.parse(readFileSync(EXPECTED_ANSWERS, 'utf8')) as Record<Dtype, AnyClassification[]>

/** Largest difference of a logit, by dtype: those of parity.spec for wasm. */
const TOLERANCES = { fp32: 1e-5, int8: 1e-2, q8: 6e-2 } as const

for (const [dtype, tolerance] of Object.entries(TOLERANCES) as ['fp32' | 'int8' | 'q8', number][]) {
  test(`tasks with labels and a score are answered as by the Node SDK in ${dtype}`, async ({ sdkPage }) => {
    const found = await sdkPage.evaluate(
      async ({ texts, dtype }) => {
        const matcher = await sdk.createMatcher<string>({ model: '/labels/', device: 'wasm', dtype })
        return Promise.all(texts.map(({ a, b, task }) => matcher.classify(a, b, task)))
      },
      { texts: LABELLED, dtype }
    )
    const wanted = expected[dtype]
    const differences = found.flatMap(({ logits }, i) =>
      logits.map((value, j) => Math.abs(value - wanted[i]!.logits[j]!))
    )
    const largest = Math.max(...differences)
    console.log(`wasm ${dtype}: largest difference of a logit ${largest.toExponential(2)}, allowed ${tolerance}`)
    expect(differences).toHaveLength(3 * 3 + 3 * 25 + 2)
    expect(largest).toBeLessThan(tolerance)
    const facts = ({ task, kind, tokenCount, truncated }: AnyClassification) => ({ task, kind, tokenCount, truncated })
    expect(found.map(facts)).toEqual(wanted.map(facts))
    if (dtype !== 'fp32') return
    const labels = (one: AnyClassification) =>
      one.kind === 'one-of' ? one.label : one.kind === 'any-of' ? one.labels : Math.round(one.value * 1e3)
    expect(found.map(labels)).toEqual(wanted.map(labels))
  })
}
