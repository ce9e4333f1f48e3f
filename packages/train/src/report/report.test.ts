import { PassThrough } from 'node:stream'
import type { Metrics } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import type { StepReport } from '../step/loss-meter'
import { createProgress, stepFigures } from './bar'
import { duration, ratio, whole } from './format'
import { jsonLine, metricsTable } from './table'

const metrics: Metrics = {
  mean: 0.75,
  groups: {
    A: { pairs: 20, f1: 0.8, precision: 0.7, recall: 0.9 },
    B: { pairs: 10, f1: 0.7, precision: NaN, recall: 0 }
  },
  tasks: {
    'A-ss': { pairs: 1234, f1: 0.8125, precision: 0.7, recall: 0.9, accuracy: 0.85, auc: 0.9, threshold: 0.42 },
    'B-ll': { pairs: 10, f1: NaN, precision: NaN, recall: 0, auc: 0.7 }
  }
}
const report = (step: number): StepReport => ({
  step,
  steps: 100,
  epoch: 1,
  epochs: 3,
  loss: 0.69314,
  learningRate: 5e-4,
  pairs: 320,
  tokens: 40_000,
  paddingShare: 0.031,
  seconds: 5,
  processorSeconds: 9
})

function written(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString() ?? ''
}

describe('numbers', () => {
  it('are written for reading', () => {
    expect([ratio(0.12345), ratio(NaN), whole(1234567.8)]).toEqual(['0.123', '–', '1,234,568'])
    expect([45, 185, 7800, Infinity].map(duration)).toEqual(['45 s', '3 min 05 s', '2 h 10 min', '–'])
  })
})

describe('metricsTable', () => {
  it('has a row for each task, each group and the mean', () => {
    const lines = metricsTable(metrics)
      .split('\n')
      .filter((line) => line.includes('│'))
      .map((line) =>
        line
          .split('│')
          .map((cell) => cell.trim())
          .slice(1, -1)
      )
    expect(lines).toEqual([
      ['task', 'pairs', 'threshold', 'F1 at threshold', 'precision', 'recall', 'accuracy', 'AUC'],
      ['A-ss', '1,234', '0.420', '0.813', '0.700', '0.900', '0.850', '0.900'],
      ['B-ll', '10', '', '–', '–', '0.000', '', '0.700'],
      ['group A, pooled', '20', '', '0.800', '0.700', '0.900', '', ''],
      ['group B, pooled', '10', '', '0.700', '–', '0.000', '', ''],
      ['mean', '1,244', '', '0.750', '', '', '', '0.800']
    ])
  })

  it('averages AUC over the tasks that have both classes', () => {
    const one = { ...metrics, tasks: { ...metrics.tasks, C: { ...metrics.tasks['A-ss']!, auc: NaN } } }
    expect(metricsTable(one)).toMatch(/mean .* 0\.800 │/)
  })

  it('has color only on request', () => {
    expect(metricsTable(metrics)).not.toContain('\u001b[')
    expect(metricsTable(metrics, { color: true })).toContain('\u001b[')
  })
})

describe('jsonLine', () => {
  it('is one parseable line, NaN as null', () => {
    expect(jsonLine('epoch', { f1: NaN, text: '甲\n' })).toBe('{"type":"epoch","f1":null,"text":"甲\\n"}\n')
  })
})

describe('createProgress without a terminal', () => {
  it('writes a line at once, then every few seconds, and the last step', () => {
    const stream = new PassThrough()
    let time = 0
    const view = createProgress(stream, { everySeconds: 10, now: () => time })
    view.phase('tokenize', 0, 2000)
    view.phase('tokenize', 500, 2000)
    view.phase('tokenize', 2000, 2000)
    expect(written(stream)).toBe('tokenize 500/2,000\ntokenize 2,000/2,000\n')
    for (const [step, at] of [
      [10, 0],
      [20, 5000],
      [30, 10_000],
      [100, 11_000]
    ] as const) {
      time = at
      view.step(report(step))
    }
    const lines = written(stream).trimEnd().split('\n')
    expect(lines.map((line) => line.split('  ')[0])).toEqual(['step 10/100', 'step 30/100', 'step 100/100'])
    expect(lines[0]).toBe(
      'step 10/100  epoch 2/3  loss 0.693  lr 0.000500  64 pairs/s  8,000 tokens/s  padding 3 %  ETA 45 s'
    )
    view.print('done')
    view.close()
    expect(written(stream)).toBe('done\n')
  })

  it('estimates the rest from the smoothed time of a step', () => {
    expect(stepFigures(report(90), 6)).toContain('ETA 1 min 00 s')
  })
})

describe('createProgress on a terminal', () => {
  it('draws a bar, and prints text below what it drew', () => {
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
      columns: 200
    })
    const view = createProgress(stream)
    view.step(report(50))
    view.print('a table')
    view.step(report(60))
    view.close()
    const text = written(stream)
    expect(text).toMatch(/step 50\/100 .*8,000 tokens\/s/)
    expect(text).toMatch(/a table\n/)
    expect(text).toMatch(/step 60\/100/)
  })
})
