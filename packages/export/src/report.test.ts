import { expect, it } from 'vitest'
import type { GraphReport } from './measure/measure'
import { formatReport } from './report'

const timed = (milliseconds: number, float: number): GraphReport => ({
  bytes: 1e6,
  compressedBytes: 1e6,
  parityDifference: 0,
  latency: { '1x64': { milliseconds, float } }
})

it('prints speeds that follow from the times in the same cell', () => {
  const report = formatReport({ fp32: timed(10.04, 10.04), int8: timed(0.1449, 12.02), q4: timed(1234.5, 617.25) }, [])
  const cells = [...report.matchAll(/([\d.]+), ([\d.]+) \(([\d.]+)\)/g)].map((cell) => cell.slice(1).map(Number))
  expect(cells.map(([own, float]) => [own, float])).toEqual([
    [10, 10],
    [0.145, 12],
    [1230, 617]
  ])
  for (const [own, float, factor] of cells) expect(factor).toBe(Number((float! / own!).toFixed(2)))
  expect(report).toContain('that of fp32 in the same turns')
})

it('prints the F1 of a single task once, and the mean of several', () => {
  const gate = (names: readonly string[]): GraphReport => ({
    ...timed(1, 1),
    gate: {
      metrics: {
        tasks: Object.fromEntries(
          names.map((name) => [name, { pairs: 40, f1: 0.75, precision: 1, recall: 1, auc: 1 }])
        ),
        groups: {},
        mean: 0.75
      },
      flips: Object.fromEntries(names.map((name) => [name, 3])),
      largestDifference: 0,
      meanDifference: 0
    }
  })
  const reportOf = (...names: string[]) =>
    formatReport(
      { fp32: gate(names) },
      names.map((name) => ({ name }))
    )
  expect(reportOf('match').match(/0\.7500/g)).toEqual(['0.7500'])
  expect(reportOf('match')).toContain('0.7500 (3/40)')
  expect(reportOf('A', 'B').match(/0\.7500/g)).toHaveLength(3)
})
