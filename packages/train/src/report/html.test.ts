import { SOHU_TASKS } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { lineChart, ticks } from './chart'
import { errorsPage, highlighted, mostWrong, pairCard, type JudgedPair } from './mistakes'
import { evaluation } from '../evaluate/evaluation'
import { escapeHtml } from './page'
import type { RunRecord } from '../run/metrics-log'
import { runReport } from './run-report'

const words = (text: string) => text.match(/\p{Script=Han}{2}|[\s\S]/gu) ?? []
const pairs: JudgedPair[] = Array.from({ length: 80 }, (_, i) => ({
  task: i % 2,
  label: i % 4 < 2 ? 1 : 0,
  score: ((i * 37) % 80) / 80,
  predicted: (i * 37) % 80 > 40 ? 1 : 0,
  a: `地铁<script>通车${i}`,
  b: '地铁开工&"'
}))

/** Every tag that is opened is closed, in order. */
function unbalanced(html: string): string[] {
  const open: string[] = []
  for (const [, slash, name, attributes] of html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/g)) {
    if (['meta', 'br', 'line'].includes(name!) || attributes!.endsWith('/')) continue
    if (!slash) open.push(name!)
    else if (open.pop() !== name) return [name!]
  }
  return open
}

describe('ticks', () => {
  it('are round, enclose the range, and are few', () => {
    expect(ticks([0, 1])).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(ticks([0.31, 0.69])).toEqual([0.3, 0.4, 0.5, 0.6, 0.7])
    expect(ticks([5, 5])).toEqual([5, 6])
    expect(ticks([0, 5e-4])).toEqual([0, 1e-4, 2e-4, 3e-4, 4e-4, 5e-4])
    expect(ticks([0, 1234])).toEqual([0, 500, 1000, 1500])
  })
})

describe('lineChart', () => {
  it('draws each series within the frame and leaves out what is not a number', () => {
    const svg = lineChart({
      title: 'F1 & more',
      xLabel: 'epoch',
      series: [
        {
          name: 'A',
          points: [
            [1, 0.5],
            [2, NaN],
            [3, 0.9]
          ]
        },
        { name: 'B', points: [[1, 0.2]] }
      ]
    })
    expect(svg.match(/<path/g)!.length).toBe(2)
    expect(svg).toContain('F1 &#38; more')
    expect(svg).not.toContain('NaN')
    for (const [, x, y] of svg.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(56)
      expect(Number(x)).toBeLessThanOrEqual(460)
      expect(Number(y)).toBeGreaterThanOrEqual(14)
      expect(Number(y)).toBeLessThanOrEqual(222)
    }
    expect(unbalanced(svg)).toEqual([])
    expect(lineChart({ title: '', xLabel: '', series: [{ name: 'A', points: [[1, NaN]] }] })).toBe('')
  })

  it('keeps a long curve small', () => {
    const points = Array.from({ length: 100_000 }, (_, i) => [i, Math.sin(i / 1e4)] as const)
    expect(lineChart({ title: 't', xLabel: 'x', series: [{ name: 'A', points }] }).length).toBeLessThan(20_000)
  })
})

describe('the page of errors', () => {
  it('has the farthest first, texts escaped and common words marked', () => {
    const wrong = mostWrong(pairs, 0, 5)
    expect(wrong.length).toBe(5)
    expect(wrong.every((pair) => pair.task === 0 && pair.predicted !== pair.label)).toBe(true)
    const distances = wrong.map((pair) => Math.abs(pair.score - pair.label))
    expect(distances).toEqual([...distances].sort((one, other) => other - one))
    expect(highlighted('地铁<b>通车', '通车，地铁', words)).toBe('<mark>地铁</mark>&#60;b&#62;<mark>通车</mark>')
    const html = errorsPage('Errors', pairs, SOHU_TASKS, { words })
    expect(html).not.toContain('<script')
    expect(unbalanced(html)).toEqual([])
    expect([html.includes('A-ss'), html.includes('B-ss'), html.includes('A-ll')]).toEqual([true, true, false])
  })

  it('has a table of kinds, those with the most errors first, and the errors under their kind', () => {
    const judged = (a: string, b: string, label: 0 | 1, score: number): JudgedPair => ({
      ...{ a, b, label, score, task: 0 },
      predicted: score > 0.5 ? 1 : 0
    })
    const html = errorsPage(
      'Errors',
      [
        ...[1, 2, 3].map((i) => judged(`涨了${i}%`, `涨了${i + 5}%`, 0, 0.9)),
        ...[1, 2].map((i) => judged('北京天气', `${i}号出发`, 1, 0.2)),
        judged('北京天气', '北京天气', 1, 0.9)
      ],
      SOHU_TASKS,
      { words, count: 2 }
    )
    const rows = [...html.matchAll(/<tr><td>([^<]+)<\/td><td>(\d+)<\/td><td>(\d+)<\/td><td>(\d+ %)/g)]
    expect(rows.map(([, ...cells]) => cells)).toEqual([
      ['numbers differ', '3', '3', '100 %'],
      ['no word in common', '2', '2', '100 %']
    ])
    expect(html).toContain('<h3>Wrongly matched: 3, numbers differ</h3>')
    expect(html).toContain('<h3>Missed: 2, no word in common</h3>')
    expect(
      html
        .split('Wrongly matched: 3')
        .at(1)!
        .match(/class="pair"/g)
    ).toHaveLength(2 + 2) // and the missed ones
    expect(unbalanced(html)).toEqual([])
  })

  it('names labels to look at, unless the network was trained on them', () => {
    expect(errorsPage('Errors', pairs, SOHU_TASKS, { words })).toMatch(/Labels to look at: [1-9]/)
    expect(errorsPage('Errors', pairs, SOHU_TASKS, { words, heldOut: false })).not.toContain('Labels to look at')
  })
})

it('shows the beginning of a long text until it is opened', () => {
  const card = pairCard({ ...pairs[0]!, a: `地铁<${'长'.repeat(200)}`, b: '地铁' }, words)
  expect(card).toContain('<details><summary>地铁&#60;长')
  expect(card).toContain('… (203 characters)</summary><p><mark>地铁</mark>')
  expect(card.match(/<details>/g)).toHaveLength(1)
  expect(unbalanced(card)).toEqual([])
})

describe('the report of a run', () => {
  const step = (n: number): RunRecord => ({
    type: 'step',
    step: n,
    steps: 40,
    epoch: 0,
    epochs: 2,
    loss: 1 / n,
    learningRate: 1e-4,
    pairs: 10,
    tokens: 1000,
    paddingShare: 0.05,
    seconds: 1,
    processorSeconds: 2
  })
  const figures = evaluation(
    pairs.map((pair) => ({ ...pair, tokens: 20 })),
    SOHU_TASKS,
    {},
    { resamplings: 50 }
  )
  const epoch = (n: number): RunRecord => ({
    type: 'epoch',
    step: 20 * (n + 1),
    epoch: n,
    improved: n === 0,
    ...figures.metrics
  })
  const html = runReport({
    title: 'Run <1>',
    records: [step(10), step(20), epoch(0), step(30), step(40), epoch(1)],
    config: { epochs: 2 },
    evaluation: { split: 'valid', figures },
    examples: { pairs: pairs.slice(0, 2), tasks: SOHU_TASKS, words }
  })

  it('is one well-formed page that asks for no other file', () => {
    expect(unbalanced(html)).toEqual([])
    expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import|https?:/)
    expect(html).toContain('width=device-width')
    expect(html).toContain(escapeHtml('Run <1>'))
  })

  it('has the figures and a chart for each thing asked of it', () => {
    for (const wanted of [
      'Loss',
      'Learning rate',
      'Share of padding',
      'F1 of each task',
      'AUC of each task',
      'Calibration',
      'threshold',
      'Examples',
      'Configuration',
      'best epoch'
    ])
      expect(html).toContain(wanted)
    expect(html).toContain('<td>best epoch</td><td>1, mean F1 at the thresholds')
    expect(html.match(/<svg/g)!.length).toBe(6)
    expect(html).not.toContain('NaN')
  })

  it('shows what exists of a run that has only begun', () => {
    expect(unbalanced(runReport({ title: 'x', records: [] }))).toEqual([])
    expect(runReport({ title: 'x', records: [step(10)] }).match(/<svg/g)!.length).toBe(3)
  })
})
