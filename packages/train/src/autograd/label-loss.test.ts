import { readFileSync } from 'node:fs'
import {
  chooseAllThresholds,
  evaluateAll,
  parseModelConfig,
  type AnswerRow,
  type LabelMetrics,
  type ScoreMetrics
} from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { tf, type Tensor } from '../tfjs'
import { labelLosses } from './label-loss'
import type { LabeledBatch } from './pass'
import { Tape } from './tape'

type Kind = 'match' | 'one-of' | 'any-of' | 'score'

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/label-losses.json', import.meta.url), 'utf8')
) as Record<'multilabel' | 'sigmoid', { loss: number; gradient: number[][] }> & {
  rows: { kind: Kind; target: number[] }[]
  range: [number, number]
  logits: number[][]
  weights: number[]
  metrics: {
    oneOf: { targets: number[][]; values: number[][] } & Record<'accuracy' | 'macroF1' | 'microF1' | 'baseline', number>
    anyOf: { targets: number[][]; values: number[][]; thresholds: number[] } & Record<
      'accuracy' | 'macroF1' | 'microF1',
      number
    >
    score: { targets: number[][]; values: number[] } & Record<'spearman' | 'rmse' | 'baselineRmse', number>
  }
}
const KINDS: readonly Kind[] = ['match', 'one-of', 'any-of', 'score']
const config = parseModelConfig({
  vocab_size: 10,
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  intermediate_size: 4,
  tasks: [
    { name: 'match', id: 0, group: 'match' },
    { name: 'one', id: 1, group: 'one', kind: 'one-of', labels: ['a', 'b', 'c'] },
    { name: 'any', id: 2, group: 'any', kind: 'any-of', labels: ['1', '2', '3', '4', '5'] },
    { name: 'score', id: 3, group: 'score', kind: 'score', range: fixture.range }
  ]
})

const count = fixture.rows.length
const batch: LabeledBatch = {
  batch: count,
  seq: 1,
  tokenIds: new Int32Array(count),
  segmentIds: new Int32Array(count),
  taskIds: Int32Array.from(fixture.rows, ({ kind }) => KINDS.indexOf(kind)),
  labels: Int32Array.from(fixture.rows, ({ kind, target }) => (kind === 'match' ? target[0]! : -1)),
  targets: fixture.rows.map(({ kind, target }) => (kind === 'match' ? undefined : target)),
  weights: Float32Array.from(fixture.weights)
}

describe("losses of labels and scores, beside bert4keras' and TensorFlow's (tools/label-losses-fixture.py)", () => {
  it.each(['multilabel', 'sigmoid'] as const)(
    'any of the labels by %s, and all other kinds in the same batch',
    (kind) => {
      const tape = new Tape()
      const logits = tape.leaf(tf.tensor2d(fixture.logits), { differentiable: true, parameter: 'logits' })
      const terms = labelLosses(tape, config, logits, batch, kind)
      const loss = terms.reduce((sum, { tensor }) => sum + tensor.dataSync()[0]!, 0)
      // float32 beside float64: a few 1e-7 of the largest term, 10
      expect(Math.abs(loss - fixture[kind].loss)).toBeLessThan(1e-5)
      const total = terms.reduce((a, b) => tape.apply([a, b], () => sumOf(a.tensor, b.tensor)))
      const gradient = tape.backward(total, tf.scalar(1)).get('logits')!
      const found = gradient.arraySync() as number[][]
      found.forEach((row, i) =>
        row.forEach((value, j) => expect(Math.abs(value - fixture[kind].gradient[i]![j]!)).toBeLessThan(1e-6))
      )
      gradient.dispose()
      tape.dispose()
    }
  )
})

describe('a batch without labels', () => {
  it('has the loss 0 and moves no logit', () => {
    const tape = new Tape()
    const logits = tape.leaf(tf.tensor2d(fixture.logits), { differentiable: true, parameter: 'logits' })
    const none = { ...batch, targets: batch.targets!.map(() => undefined), weights: new Float32Array(count) }
    const terms = labelLosses(tape, config, logits, none)
    expect(terms.map(({ tensor }) => Math.abs(tensor.dataSync()[0]!))).toEqual([0])
    const gradient = tape.backward(terms[0]!, tf.scalar(1)).get('logits')!
    expect(gradient.dataSync().every((value) => value === 0)).toBe(true)
    gradient.dispose()
    tape.dispose()
  })
})

function sumOf(a: Tensor, b: Tensor) {
  return { output: tf.add(a, b), saved: [], backward: (dy: Tensor) => [dy, tf.clone(dy)] }
}

describe('metrics of labels and scores, beside those of scikit-learn and SciPy', () => {
  const { oneOf, anyOf, score } = fixture.metrics
  const rowsOf = (task: number, targets: number[][], values: number[][]): AnswerRow[] =>
    targets.map((target, i) => ({ task, target, values: values[i]! }))
  const answers = [
    ...rowsOf(1, oneOf.targets, oneOf.values),
    ...rowsOf(2, anyOf.targets, anyOf.values),
    ...rowsOf(
      3,
      score.targets,
      score.values.map((value) => [value])
    )
  ]
  const thresholds = { any: Object.fromEntries(anyOf.thresholds.map((value, i) => [String(i + 1), value])) }
  const metrics = evaluateAll({ rows: [], answers }, config.tasks, thresholds).answers!

  it('are the same numbers', () => {
    // the same divisions of whole numbers; sums of 60 terms for the last three
    const close = (mine: object, wanted: object, names: readonly string[]): void =>
      names.forEach((name) =>
        expect(mine[name as never], name).toBeCloseTo((wanted as Record<string, number>)[name]!, 12)
      )
    const [one, any, number] = [metrics['one'], metrics['any'], metrics['score']]
    close(one!, oneOf, ['accuracy', 'macroF1', 'microF1', 'baseline'])
    close(any!, anyOf, ['accuracy', 'macroF1', 'microF1'])
    close(number!, score, ['spearman', 'rmse', 'baselineRmse'])
    expect((one as LabelMetrics).score).toBe((one as LabelMetrics).macroF1)
    expect((any as LabelMetrics).score).toBe((any as LabelMetrics).microF1)
    expect((number as ScoreMetrics).score).toBe((number as ScoreMetrics).spearman)
    expect((any as LabelMetrics).labels['3']!.threshold).toBe(0.6)
    expect(metrics['match']).toBeUndefined()
  })

  it('choose a threshold for each label that beats 0.5, and keep 0.5 where there are few rows', () => {
    const own = answers.filter(({ task }) => task === 2).map((row) => ({ ...row, values: shifted(row) }))
    const chosen = chooseAllThresholds({ rows: [], answers: own }, config.tasks)
    expect(Object.keys(chosen['any'] as object)).toEqual(['1', '2', '3', '4', '5'])
    const at = (thresholds: typeof chosen): LabelMetrics =>
      evaluateAll({ rows: [], answers: own }, config.tasks, thresholds).answers!['any'] as LabelMetrics
    expect(at(chosen).microF1).toBeGreaterThan(at({}).microF1)
    const few = chooseAllThresholds({ rows: [], answers: own.slice(0, 49) }, config.tasks)
    expect(new Set(Object.values(few['any'] as object))).toEqual(new Set([0.5]))
  })
})

/** Values that tell a label from the others, but all below 0.3. */
function shifted({ target, values }: AnswerRow): number[] {
  return values.map((value, label) => 0.1 * value + (target.includes(label) ? 0.2 : 0))
}
