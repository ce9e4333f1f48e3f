import { chooseThresholds, evaluateAt, type ScoredRow, type TaskSpec } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../data/random'
import { selectionScore } from './selection'

const tasks: TaskSpec[] = [
  { name: 'x', id: 0, group: 'x' },
  { name: 'y', id: 1, group: 'y' }
]
const score = (rows: readonly ScoredRow[]): number =>
  selectionScore(evaluateAt(rows, tasks, chooseThresholds(rows, tasks)))
const row = (task: number, label: 0 | 1, score: number): ScoredRow => ({ task, label, score, predicted: 0 })

describe('selectionScore', () => {
  it('is a number where one task has no positive pair, and follows the other', () => {
    const none = [row(1, 0, 0.2), row(1, 0, 0.9)]
    const good = score([...none, row(0, 1, 0.9), row(0, 0, 0.1)])
    const bad = score([...none, row(0, 1, 0.4), row(0, 0, 0.6)])
    expect(good).toBe(1)
    expect(bad).toBeLessThan(good)
    expect(score(none)).toBeNaN()
  })

  it('tells a good epoch of few pairs from a bad one though F1 at 0.5 is 0 in both', () => {
    const rows = (good: boolean) =>
      Array.from({ length: 20 }, (_, i) => row(0, i < 10 ? 1 : 0, good === i < 10 ? 0.4 : 0.3))
    expect(score(rows(true))).toBe(0.5) // F1 0, AUC 1
    expect(score(rows(false))).toBe(0)
  })

  it('ranks two networks on 40 pairs right more often than F1 at 0.5 does', () => {
    const random = createRandom('selection')
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
    // the better network parts the classes by 1.6 deviations, the other by 1.2; both are off by half a deviation
    const draw = (gap: number) =>
      Array.from({ length: 40 }, (_, i) =>
        row(0, i % 2 ? 1 : 0, sigmoid(gap * ((i % 2) - 0.5) - 0.5 + random.normal()))
      )
    const [own, atHalf] = [0, 0].map(() => ({ right: 0 }))
    for (let i = 0; i < 400; i++) {
      const [better, worse] = [draw(1.6), draw(1.2)]
      const f1 = (rows: ScoredRow[]) => evaluateAt(rows, tasks, {}).mean
      if (score(better) > score(worse)) own!.right++
      if (f1(better) > f1(worse)) atHalf!.right++
    }
    expect(own!.right).toBeGreaterThan(atHalf!.right)
  })
})
