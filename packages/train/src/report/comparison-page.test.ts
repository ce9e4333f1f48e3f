import { expect, it } from 'vitest'
import type { RunRecord } from '../run/metrics-log'
import { comparisonPage } from './comparison-page'

const epoch = (number: number, score: number): RunRecord => ({
  type: 'epoch',
  step: number,
  epoch: number,
  improved: true,
  mean: NaN,
  groups: {},
  tasks: {},
  answers: { stars: { kind: 'score', pairs: 9, score, baseline: 0, spearman: score, rmse: 1, baselineRmse: 1 } }
})

it('shows the own scores of tasks with labels or a score as curves', () => {
  const runs = [
    { name: 'mine', records: [epoch(0, 0.1), epoch(1, 0.2)] },
    { name: 'other', records: [epoch(0, 0.3), epoch(1, 0.4)] }
  ] as const
  const html = comparisonPage({ runs, differences: [], metrics: [] })
  expect(html).toContain('the own scores of their tasks are in the curves below')
  expect(html).toContain('Own score of stars on valid')
  expect(html.match(/<circle/g)).toHaveLength(4)
})
