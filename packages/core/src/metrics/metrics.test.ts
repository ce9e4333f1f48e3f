import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argmaxLabel, auc, chooseThreshold, classMetrics, evaluateAt, evaluateRows, type ScoredRow } from './metrics'
import { SOHU_TASKS } from '../tasks'

const candidates = ['../fixtures/reference/metrics.json', '../../../../shared/fixtures/metrics.json']
const path = candidates.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url))).find(existsSync)

interface Case {
  readonly name: string
  readonly conds: number[]
  readonly labels: (0 | 1)[]
  readonly probs: [number, number][]
  readonly result: { f1: number | null; f1_a: number | null; f1_b: number | null }
}

function row(score: number, label: 0 | 1, task = 0): ScoredRow {
  return { task, label, score, predicted: score > 0.5 ? 1 : 0 }
}

describe.skipIf(!path)("pooled F1 against the reference's own evaluate()", () => {
  const { cases } = JSON.parse(path ? readFileSync(path, 'utf8') : '{"cases":[]}') as { cases: Case[] }

  it.each(cases.map((one) => [one.name, one] as const))(
    'gives the same numbers, NaN included: %s',
    (_, { conds, labels, probs, result }) => {
      const rows = conds.map((task, i): ScoredRow => ({
        task,
        label: labels[i]!,
        score: probs[i]![1],
        predicted: argmaxLabel(probs[i]!)
      }))
      const a = classMetrics(rows.filter((one) => one.task % 2 === 0)).f1
      const b = classMetrics(rows.filter((one) => one.task % 2 === 1)).f1
      const same = (mine: number, wanted: number | null): void => {
        if (wanted === null) expect(mine).toBeNaN()
        else expect(Math.abs(mine - wanted)).toBeLessThanOrEqual(1e-12) // one division of equal integers
      }
      same(a, result.f1_a)
      same(b, result.f1_b)
      same((a + b) / 2, result.f1)
      const both = rows.some((one) => one.task % 2 === 0) && rows.some((one) => one.task % 2 === 1)
      if (both) same(evaluateRows(rows, SOHU_TASKS).mean, result.f1)
    }
  )
})

describe('evaluateRows', () => {
  it('averages over the groups that have rows', () => {
    const rows = [row(0.9, 1, 0), row(0.9, 0, 2), row(0.2, 1, 4)]
    const { mean, groups, tasks } = evaluateRows(rows, SOHU_TASKS)
    expect(Object.keys(groups)).toEqual(['A'])
    expect(mean).toBe(0.5)
    expect(groups.A).toEqual({ pairs: 3, f1: 0.5, precision: 0.5, recall: 0.5 })
    expect(Object.entries(tasks).map(([name, { accuracy }]) => [name, accuracy])).toEqual([
      ['A-ss', 1],
      ['A-sl', 0],
      ['A-ll', 0]
    ])
  })
})

describe('a group without a positive row', () => {
  it('is left out of the mean, whether or not a row of it is predicted positive', () => {
    const a = [row(0.9, 1, 0), row(0.9, 0, 0)]
    for (const score of [0.1, 0.9]) {
      const { mean, groups } = evaluateRows([...a, row(score, 0, 1)], SOHU_TASKS)
      expect(mean).toBeCloseTo(2 / 3, 12)
      expect(groups['B']!.pairs).toBe(1)
    }
    expect(evaluateRows([row(0.1, 0, 0)], SOHU_TASKS).mean).toBeNaN()
  })

  it('does not hide a group in which nothing was found', () => {
    expect(evaluateRows([row(0.9, 1, 0), row(0.1, 1, 1)], SOHU_TASKS).mean).toBe(0.5)
  })
})

describe('evaluateAt', () => {
  it('computes F1 and accuracy at the threshold next to them', () => {
    const rows = [row(0.4, 1), row(0.3, 1), row(0.2, 0)]
    const thresholds = Object.fromEntries(SOHU_TASKS.map(({ name }) => [name, 0.25]))
    const { mean, groups, tasks } = evaluateAt(rows, SOHU_TASKS, thresholds)
    expect(tasks).toEqual({
      'A-ss': { pairs: 3, f1: 1, precision: 1, recall: 1, accuracy: 1, auc: 1, threshold: 0.25 }
    })
    expect([mean, groups['A']!.f1]).toEqual([1, 1])
  })
})

describe('auc', () => {
  it('is the share of ordered pairs, half for a tie', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom(0 as const, 1 as const)), {
      minLength: 2,
      maxLength: 40
    })
    fc.assert(
      fc.property(rows, (pairs) => {
        const list = pairs.map(([score, label]) => ({ score: score / 6, label }))
        const positive = list.filter((one) => one.label === 1)
        const negative = list.filter((one) => one.label === 0)
        let won = 0
        for (const p of positive) for (const n of negative) won += p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0
        const wanted = won / (positive.length * negative.length)
        if (Number.isNaN(wanted)) expect(auc(list)).toBeNaN()
        else expect(auc(list)).toBeCloseTo(wanted, 12)
      })
    )
  })
})

describe('chooseThreshold', () => {
  it('cuts at the largest F1, averaged over an eighth of the rarer class on each side', () => {
    const scores = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 100, maxLength: 160 })
    fc.assert(
      fc.property(scores, fc.infiniteStream(fc.constantFrom(0 as const, 1 as const)), (values, labels) => {
        const list = values
          .map((value) => row(value / 5000, labels.next().value as 0 | 1))
          .sort((one, other) => other.score - one.score)
        if (!list.some((one) => one.label)) return
        const f1 = list.map(
          (_, cut) => classMetrics(list.map((one, i) => ({ ...one, predicted: i <= cut ? 1 : 0 }))).f1
        )
        const positives = list.filter((one) => one.label).length
        const width = Math.round(Math.min(positives, list.length - positives) / 8)
        const mean = (cut: number): number => {
          const near = f1.slice(Math.max(0, cut - width), cut + width + 1)
          return near.reduce((sum, value) => sum + value, 0) / near.length
        }
        const chosen = chooseThreshold(list)
        const cut = list.filter((one) => one.score > chosen).length - 1
        expect(mean(cut)).toBeCloseTo(Math.max(...list.map((_, i) => mean(i))), 12)
        expect(chosen).toBeCloseTo((list[cut]!.score + (list[cut + 1]?.score ?? 0)) / 2, 12)
      })
    )
  })

  it('separates classes that scores separate, however rare the positives', () => {
    for (const positives of [20, 50, 100, 500, 980]) {
      const rows = Array.from({ length: 1000 }, (_, i) => row(1 - (i + 1) / 1001, i < positives ? 1 : 0))
      const chosen = chooseThreshold(rows)
      expect(classMetrics(rows.map((one) => ({ ...one, predicted: one.score > chosen ? 1 : 0 }))).f1).toBeGreaterThan(
        0.97
      ) // off by at most a row in a hundred
    }
  })

  it('lies midway between neighboring scores', () => {
    const rows = [...Array.from({ length: 30 }, () => row(0.2, 0)), ...Array.from({ length: 30 }, () => row(0.6, 1))]
    expect(chooseThreshold(rows)).toBe(0.4)
  })

  it('is 0.5 if there are few rows or none is positive', () => {
    expect(chooseThreshold(Array.from({ length: 49 }, () => row(0.1, 1)))).toBe(0.5)
    expect(chooseThreshold(Array.from({ length: 60 }, () => row(0.1, 0)))).toBe(0.5)
  })
})
