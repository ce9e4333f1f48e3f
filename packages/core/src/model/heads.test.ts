import { describe, expect, it } from 'vitest'
import { SOHU_TASKS, type TaskSpec } from '../tasks'
import { parseModelConfig } from './config'
import { headLayout } from './heads'
import { parameterSpecs } from './parameters'

const sizes = { vocab_size: 10, hidden_size: 4, num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 4 }
const labels = ['矛盾', '中立', '蕴含']
const tasks: TaskSpec[] = [
  { name: 'same', id: 0, group: 'same' },
  { name: 'nli', id: 1, group: 'nli', kind: 'one-of', labels },
  { name: 'also same', id: 2, group: 'same' },
  { name: 'also nli', id: 3, group: 'nli', kind: 'one-of', labels },
  { name: 'any', id: 4, group: 'any', kind: 'any-of', labels },
  { name: 'grade', id: 5, group: 'grade', kind: 'score', range: [1, 5] }
]
const classifier = (more: object): readonly number[] =>
  parameterSpecs(parseModelConfig({ ...sizes, ...more })).find(({ name }) => name === 'classifier.kernel')!.shape

describe('the heads of a network', () => {
  it('are one for each set of labels, all in one output', () => {
    expect(headLayout(tasks, 'shared')).toEqual({
      columns: 9,
      width: 9,
      selected: false,
      ofTask: [
        [0, 2],
        [2, 5],
        [0, 2],
        [2, 5],
        [5, 8],
        [8, 9]
      ]
    })
    expect(classifier({ tasks })).toEqual([4, 9])
    expect(headLayout(tasks, 'per-task').columns).toBe(14)
    expect(classifier({ tasks, heads: 'per-task' })).toEqual([4, 14])
  })

  it('are unchanged if all tasks are match tasks', () => {
    const own = SOHU_TASKS.map(() => [0, 2])
    expect(headLayout(SOHU_TASKS, 'shared')).toEqual({ columns: 2, width: 2, selected: false, ofTask: own })
    expect(headLayout(SOHU_TASKS, 'per-task')).toEqual({ columns: 12, width: 2, selected: true, ofTask: own })
    expect(classifier({})).toEqual([4, 2])
  })

  it('refuse invalid labels, and a bi-encoder', () => {
    const with_ = (task: object) => () =>
      parseModelConfig({ ...sizes, tasks: [{ name: 'x', id: 0, group: 'x', ...task }] })
    expect(with_({ kind: 'one-of', labels: ['a'] })).toThrow('the task "x" must have distinct labels')
    expect(with_({ kind: 'any-of', labels: ['a', 'a'] })).toThrow('distinct labels')
    expect(with_({ kind: 'any-of', labels: [''] })).toThrow('distinct labels')
    expect(with_({ labels: ['a', 'b'] })).toThrow('as its kind asks (match)')
    expect(with_({ kind: 'score', range: [5, 1] })).toThrow('as its kind asks (score)')
    expect(with_({ kind: 'score' })).toThrow('a range')
    expect(with_({ kind: 'any-of', labels: ['a'] })).not.toThrow()
    expect(() => parseModelConfig({ ...sizes, tasks, architecture: 'bi-encoder' })).toThrow(
      'the task "nli" has labels or a score'
    )
  })
})
