import type { ScoredRow } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../data/random'
import { compareModels, verdict, type ScoredModel } from './compare'

const tasks = [{ name: 'match', id: 0, group: 'match' }]
const thresholds = { match: 0.5 }

/** Labels by chance; each model is right on a pair with its own probability, and the pairs are as hard for both. */
function models(count: number, ...skills: readonly number[]): ScoredModel[] {
  const random = createRandom('compare-test', 1)
  const labels = Array.from({ length: count }, (_, i) => (i % 2) as 0 | 1)
  const hardness = labels.map(() => random.next())
  return skills.map((skill) => ({
    thresholds,
    rows: labels.map((label, i): ScoredRow => {
      const right = hardness[i]! < skill
      const score = (label === 1) === right ? 0.6 + 0.3 * hardness[i]! : 0.4 - 0.3 * hardness[i]!
      return { task: 0, label, score, predicted: label }
    })
  }))
}

describe('two models on the same pairs', () => {
  it('have no difference where they are one', () => {
    const [one] = models(200, 0.8)
    const [{ pairs, metrics }] = compareModels(one!, one!, tasks) as [ReturnType<typeof compareModels>[0]]
    expect(pairs).toBe(200)
    expect(metrics.f1.difference).toEqual({ value: 0, low: 0, high: 0 })
    expect(verdict(metrics.f1)).toBe('undecided')
    expect(metrics.accuracy.one.value).toBeCloseTo(0.8, 1)
  })

  it('differ by what they differ by, and the interval of the difference is that of pairs drawn for both at once', () => {
    const [better, worse] = models(600, 0.85, 0.8)
    const [{ metrics }] = compareModels(better!, worse!, tasks) as [ReturnType<typeof compareModels>[0]]
    const { one, other, difference } = metrics.accuracy
    expect(difference.value).toBeCloseTo(one.value - other.value, 12)
    expect(verdict(metrics.accuracy)).toBe('better')
    // on the same pairs the difference is known far better than either accuracy: the models err together
    expect(difference.high - difference.low).toBeLessThan(0.7 * (one.high - one.low))
    const [{ metrics: reversed }] = compareModels(worse!, better!, tasks) as [ReturnType<typeof compareModels>[0]]
    expect(verdict(reversed.accuracy)).toBe('worse')
  })

  it('are judged at their own thresholds', () => {
    const [one] = models(100, 1)
    const strict = { ...one!, thresholds: { match: 0.95 } }
    const [{ metrics }] = compareModels(one!, strict, tasks) as [ReturnType<typeof compareModels>[0]]
    expect([metrics.accuracy.one.value, metrics.accuracy.other.value]).toEqual([1, 0.5])
    expect(metrics.auc.difference.value).toBe(0)
  })
})
