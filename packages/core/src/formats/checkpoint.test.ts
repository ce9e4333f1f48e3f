import { describe, expect, it } from 'vitest'
import { evaluateAll } from '../metrics/answer-metrics'
import { parityToJson, parseMetrics, parseParity, parseThresholds } from './checkpoint'
import { evaluateAt, evaluateRows } from '../metrics/metrics'
import { SOHU_TASKS, TASKS, type TaskSpec } from '../tasks'

const thresholds = Object.fromEntries(TASKS.map((name) => [name, 0.4]))

describe('thresholds.json', () => {
  it('has one threshold for each task', () => {
    expect(parseThresholds(thresholds, SOHU_TASKS)).toEqual(thresholds)
    const { 'B-ll': _, ...rest } = thresholds
    expect(() => parseThresholds(rest, SOHU_TASKS)).toThrow('task "B-ll" has no threshold')
    expect(() => parseThresholds({ ...thresholds, 'C-ll': 0.5 }, SOHU_TASKS)).toThrow('"C-ll" is not a task')
    expect(() => parseThresholds({ ...thresholds, 'A-ss': 1.5 }, SOHU_TASKS)).toThrow('"A-ss" should be <=1 but is 1.5')
  })
})

describe('tasks with names of properties that every object has', () => {
  const names = ['constructor', 'toString', '__proto__', 'prototype', 'hasOwnProperty']
  const tasks = names.map((name, id) => ({ name, id, group: name }))

  it('have their thresholds and metrics', () => {
    const thresholds = Object.fromEntries(names.map((name, i) => [name, i / 10]))
    const read = parseThresholds(JSON.parse(JSON.stringify(thresholds)), tasks)
    expect(Object.entries(read)).toEqual(Object.entries(thresholds))
    const rows = tasks.map(({ id }) => ({ task: id, label: 1, score: 0.9, predicted: 1 }) as const)
    const metrics = parseMetrics(JSON.parse(JSON.stringify(evaluateAt(rows, tasks, thresholds))))
    expect(Object.keys(metrics.tasks)).toEqual(names)
    expect(Object.keys(metrics.groups)).toEqual(names)
    expect(Object.values(metrics.tasks).map(({ f1 }) => f1)).toEqual([1, 1, 1, 1, 1])
  })

  it('are reported if they are missing', () => {
    expect(() => parseThresholds({}, [tasks[0]!])).toThrow('task "constructor" has no threshold')
  })
})

describe('parity.json', () => {
  const batch = { tokenIds: [[101, 7, 102]], segmentIds: [[0, 0, 0]], taskIds: [0], outputs: [[0.12, -0.3]] }

  it('reads back what it wrote', () => {
    expect(parseParity(JSON.parse(JSON.stringify(parityToJson([batch]))))).toEqual([batch])
  })

  it('holds the vectors of a bi-encoder, also under the key of logits', () => {
    const vectors = { ...batch, outputs: [[0.6, 0, 0.8]] }
    const json = parityToJson([vectors]) as { batches: Record<string, unknown>[] }
    expect(json.batches[0]).toMatchObject({ vectors: vectors.outputs })
    expect(parseParity(json)).toEqual([vectors])
    const { vectors: rows, ...rest } = json.batches[0]!
    expect(parseParity({ batches: [{ ...rest, logits: rows }] })).toEqual([vectors])
    expect(() => parseParity({ batches: [rest] })).toThrow('each with its logits or its vector')
    expect(() => parseParity({ batches: [{ ...rest, vectors: [[]] }] })).toThrow('vectors')
  })

  it('refuses ragged batches and other shapes', () => {
    expect(() => parseParity(parityToJson([{ ...batch, segmentIds: [[0, 0]] }]))).toThrow(
      'batch 0 has rows of different lengths'
    )
    expect(() => parseParity(parityToJson([{ ...batch, taskIds: [0, 1] }]))).toThrow('batch 0')
    expect(() => parseParity({ batches: [] })).toThrow('parity.json')
    expect(() => parseParity(parityToJson([{ ...batch, tokenIds: [[-1, 0, 0]] }]))).toThrow('token_ids')
  })
})

describe('metrics.json', () => {
  it('reads back the metrics of an evaluation, with null for NaN', () => {
    const metrics = { ...evaluateRows([{ task: 0, label: 0, score: 0.1, predicted: 0 }], SOHU_TASKS), epoch: 2 }
    expect(parseMetrics(JSON.parse(JSON.stringify(metrics)))).toEqual(metrics)
    expect(() => parseMetrics({ mean: 'high', groups: {}, tasks: {} })).toThrow('"mean"')
  })
})

describe('tasks with labels', () => {
  const tasks: TaskSpec[] = [
    { name: 'same', id: 0, group: 'same' },
    { name: 'any', id: 1, group: 'any', kind: 'any-of', labels: ['a', 'b'] },
    { name: 'one', id: 2, group: 'one', kind: 'one-of', labels: ['a', 'b'] },
    { name: 'grade', id: 3, group: 'grade', kind: 'score', range: [1, 5] }
  ]

  it('have a threshold for each label if they are any-of tasks, and none otherwise', () => {
    const thresholds = { same: 0.4, any: { b: 0.2, a: 0.1 } }
    expect(parseThresholds(thresholds, tasks)).toEqual(thresholds)
    const problem = (changed: object) => () => parseThresholds({ ...thresholds, ...changed }, tasks)
    expect(problem({ any: 0.5 })).toThrow('the threshold of "any" must be a number for each of the labels a, b')
    expect(problem({ any: { a: 0.1 } })).toThrow('for each of the labels a, b')
    expect(problem({ same: { a: 0.1 } })).toThrow('the threshold of "same" must be a number')
    expect(problem({ one: 0.5 })).toThrow('"one" is not a task')
    expect(problem({ any: { a: 2, b: 0 } })).toThrow('thresholds.json')
    expect(() => parseThresholds({ same: 0.4 }, tasks)).toThrow('task "any" has no threshold')
  })

  it('have metrics of their own, which are read back', () => {
    const answers = tasks
      .slice(1)
      .map(({ id, labels }) => ({ task: id, target: [labels ? 1 : 2], values: labels ? [0.2, 0.8] : [3] }))
    const metrics = evaluateAll({ rows: [], answers }, tasks, {})
    expect(Object.keys(metrics.answers!)).toEqual(['any', 'one', 'grade'])
    expect(metrics.answers!['grade']!.score).toBeNaN() // one row does not correlate
    expect(parseMetrics(JSON.parse(JSON.stringify(metrics)))).toEqual(metrics)
    expect(() => parseMetrics({ ...metrics, mean: null, answers: { any: { kind: 'none' } } })).toThrow('answers')
  })

  it('have logits of any width in parity.json', () => {
    const wide = { tokenIds: [[2, 3]], segmentIds: [[0, 0]], taskIds: [1], outputs: [[1, 2, 3, 4, 5, 6, 7]] }
    const json = parityToJson([wide], 'logits') as { batches: Record<string, unknown>[] }
    expect(json.batches[0]!['logits']).toEqual(wide.outputs)
    expect(parseParity(JSON.parse(JSON.stringify(json)))).toEqual([wide])
  })
})
