import { readFileSync } from 'node:fs'
import type { AnyClassification, Dtype } from '@sohu-match/sdk-web'
import { expect, test } from '../support/fixtures'
import { LABELLED } from '../support/pairs'
import { EXPECTED_ANSWERS } from '../support/paths'

const expected = JSON.parse(readFileSync(EXPECTED_ANSWERS, 'utf8')) as Record<Dtype, AnyClassification[]>

/** Largest difference of a logit, by device and dtype: those of parity.spec. */
const TOLERANCES: Record<'wasm' | 'webgpu', Partial<Record<Dtype, number>>> = {
  wasm: { fp32: 1e-5, fp16: 1e-3, int8: 1e-2, q8: 6e-2, q4: 6e-2 },
  webgpu: { q8: 6e-2 } // its default; software shaders compile slowly
}

test('tasks with labels and a score are answered as by the Node SDK', async ({ sdkPage, device }) => {
  test.setTimeout(480_000) // shaders compile slowly on a software adapter
  for (const [dtype, tolerance] of Object.entries(TOLERANCES[device]) as [Dtype, number][]) {
    const found = await sdkPage.evaluate(
      async ({ texts, device, dtype }) => {
        const matcher = await sdk.createMatcher<string>({ model: '/labels/', device, dtype })
        const answers = await Promise.all(texts.map(({ a, b, task }) => matcher.classify(a, b, task)))
        await matcher.dispose()
        return answers
      },
      { texts: LABELLED, device, dtype }
    )
    const wanted = expected[dtype]
    const differences = found.flatMap(({ logits }, i) =>
      logits.map((value, j) => Math.abs(value - wanted[i]!.logits[j]!))
    )
    const largest = Math.max(...differences)
    console.log(`${device} ${dtype}: largest difference of a logit ${largest.toExponential(2)}, allowed ${tolerance}`)
    expect(differences).toHaveLength(3 * 3 + 3 * 25 + 2)
    expect(largest, dtype).toBeLessThan(tolerance)
    const facts = ({ task, kind, tokenCount, truncated }: AnyClassification) => ({ task, kind, tokenCount, truncated })
    expect(found.map(facts)).toEqual(wanted.map(facts))
    expect(found.flatMap((answer, i) => disagreements(answer, wanted[i]!, tolerance))).toEqual([])
  }
})

/** Labels that only one of two answers has, unless the logits' tolerance explains it: a probability moves by less than a logit. */
function disagreements(one: AnyClassification, other: AnyClassification, tolerance: number): string[] {
  if (one.kind === 'score' || other.kind === 'score') return [] // its logit was compared
  if (one.kind === 'one-of' && other.kind === 'one-of')
    return one.label === other.label ||
      other.probabilities[other.label]! - other.probabilities[one.label]! < 2 * tolerance
      ? []
      : [one.label]
  if (one.kind !== 'any-of' || other.kind !== 'any-of') return [`${one.kind} is not ${other.kind}`]
  const differing = Object.keys(other.probabilities).filter(
    (label) => one.labels.includes(label) !== other.labels.includes(label)
  )
  return differing.filter((label) => Math.abs(other.probabilities[label]! - other.thresholds[label]!) >= tolerance)
}
