import { atThresholds, auc, classMetrics, SOHU_TASKS } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../data/random'
import { interval, resample } from './bootstrap'
import { calibration } from './calibration'
import { evaluation, figuresByLength, type EvaluatedRow } from './evaluation'

const random = createRandom('evaluation-test')
const rows: EvaluatedRow[] = Array.from({ length: 600 }, (_, i) => {
  const label = random.chance(0.4) ? (1 as const) : (0 as const)
  const score = 1 / (1 + Math.exp(-(1.5 * (label - 0.5) + random.normal())))
  return { task: i % 2 === 0 ? 0 : 3, label, score, predicted: score > 0.5 ? 1 : 0, tokens: 10 + ((i * 37) % 200) }
})

describe('resample', () => {
  it('gives the figures of core/metrics for rows drawn once each, ties included', () => {
    const tied = rows.map((row) => ({ ...row, score: Math.round(row.score * 10) / 10 }))
    // A source of random numbers that draws every row once.
    let next = 0
    const each = { ...createRandom(1), below: (n: number) => next++ % n }
    const { f1, auc: area } = resample(tied, 1, each)
    expect(f1[0]).toBeCloseTo(classMetrics(tied).f1, 12)
    expect(area[0]).toBeCloseTo(auc(tied), 12)
  })

  it('spreads as the binomial error of a share does', () => {
    // With all labels 1, F1 = 2r / (1 + r) for recall r: its deviation is that of r, sqrt(r (1 - r) / n), times 2 / (1 + r)^2.
    const all = Array.from({ length: 400 }, (_, i) => ({
      task: 0,
      label: 1 as const,
      score: i / 400,
      predicted: i < 240 ? (1 as const) : (0 as const)
    }))
    const { f1 } = resample(all, 2000, createRandom(2))
    const mean = f1.reduce((sum, value) => sum + value, 0) / f1.length
    const deviation = Math.sqrt(f1.reduce((sum, value) => sum + (value - mean) ** 2, 0) / f1.length)
    expect(deviation).toBeCloseTo((Math.sqrt((0.6 * 0.4) / 400) * 2) / 1.6 ** 2, 2) // 0.01: error of a deviation over 2,000 draws is 2 %
  })
})

describe('interval', () => {
  it('cuts 2.5 % off both ends and leaves out what is not a number', () => {
    const figures = Float64Array.from({ length: 1001 }, (_, i) => (i === 1000 ? NaN : 999 - i))
    expect(interval(500, figures)).toEqual({ value: 500, low: 25, high: 975 })
    expect(interval(NaN, Float64Array.of(NaN))).toEqual({ value: NaN, low: NaN, high: NaN })
  })
})

describe('calibration', () => {
  it('finds no error where scores are shares, and the distance where they are not', () => {
    const exact = Array.from({ length: 1000 }, (_, i) => ({
      score: 0.25,
      label: i % 4 === 0 ? (1 as const) : (0 as const)
    }))
    expect(calibration(exact).error).toBeCloseTo(0, 12)
    expect(calibration(exact).brier).toBeCloseTo(0.25 * 0.75, 12)
    const sure = exact.map(({ label }) => ({ score: 1, label }))
    expect(calibration(sure).error).toBeCloseTo(0.75, 12)
    expect(calibration(sure).bins.map((bin) => bin.pairs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1000])
    expect(calibration([]).error).toBeNaN()
  })
})

describe('evaluation', () => {
  const found = evaluation(rows, SOHU_TASKS, { 'A-ss': 0.4 }, { resamplings: 300 })

  it('has point figures by threshold inside their intervals, by task and in the mean', () => {
    expect(Object.keys(found.tasks)).toEqual(['A-ss', 'B-sl'])
    expect(found.tasks['A-ss']!.threshold).toBe(0.4)
    expect(found.tasks['B-sl']!.threshold).toBe(0.5)
    const labelled = atThresholds(rows, SOHU_TASKS, { 'A-ss': 0.4 }).filter((row) => row.task === 0)
    expect(found.tasks['A-ss']!.f1.value).toBe(classMetrics(labelled).f1)
    for (const { value, low, high } of [
      found.meanF1,
      found.meanAuc,
      ...Object.values(found.tasks).flatMap((task) => [task.f1, task.auc])
    ]) {
      expect(low).toBeLessThan(value)
      expect(high).toBeGreaterThan(value)
      expect(high - low).toBeLessThan(0.15) // four deviations of some .03 for 300 pairs
    }
    expect(found.meanF1.high - found.meanF1.low).toBeLessThan(
      found.tasks['A-ss']!.f1.high - found.tasks['A-ss']!.f1.low
    )
  })

  it('repeats for the same seed', () => {
    expect(evaluation(rows, SOHU_TASKS, { 'A-ss': 0.4 }, { resamplings: 300 })).toEqual(found)
  })

  it('tells figures by length over all pairs, shortest first', () => {
    const parts = figuresByLength(rows)
    expect(parts.map((part) => part.pairs)).toEqual([150, 150, 150, 150])
    expect(parts.every((part, i) => part.from <= part.to && (i === 0 || parts[i - 1]!.to <= part.from))).toBe(true)
    expect(figuresByLength(rows.slice(0, 2)).length).toBe(2)
  })
})
