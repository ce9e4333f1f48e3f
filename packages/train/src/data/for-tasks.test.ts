import { SOHU_TASKS, type TaskSpec } from '@sohu-match/core'
import type { Dataset } from '@sohu-match/node'
import { describe, expect, it } from 'vitest'
import { forTasks, ofTask, onlyTasks, requireTasks } from './for-tasks'

const dataset: Dataset = {
  tasks: SOHU_TASKS,
  missing: [],
  strayLabels: [],
  notes: [],
  splits: {
    train: SOHU_TASKS.map(({ id }) => ({ a: `a${id}`, b: 'b', task: id, label: 1 as const })),
    valid: [{ a: 'v', b: 'b', task: 5, label: 0 }],
    test: []
  }
}

describe('the tasks of a data set', () => {
  it('keep the order of the data and are renumbered if only some are wanted', () => {
    const { tasks, splits } = onlyTasks(dataset, ['B-ll', 'B-ss'])
    expect(tasks).toEqual([
      { name: 'B-ss', id: 0, group: 'B' },
      { name: 'B-ll', id: 1, group: 'B' }
    ])
    expect(splits.train.map(({ a, task }) => [a, task])).toEqual([
      ['a1', 0],
      ['a5', 1]
    ])
    expect(splits.valid.map(({ task }) => task)).toEqual([1])
    expect(onlyTasks(dataset, [])).toBe(dataset)
  })

  it('are matched by name for a network with other ids, and pairs of unknown tasks are left out', () => {
    const known: TaskSpec[] = [
      { name: 'own', id: 0, group: 'own' },
      { name: 'A-sl', id: 1, group: 'A' }
    ]
    expect(forTasks(dataset, known).splits.train).toEqual([{ a: 'a2', b: 'b', task: 1, label: 1 }])
    expect(() => forTasks(dataset, [{ name: 'own', id: 0, group: 'own' }])).toThrow(
      /A-ss, B-ss.*own; they have none in common/
    )
  })

  it('are refused by the nearest name when the data has no such task', () => {
    expect(() => requireTasks('task_weights', ['A-sss'], SOHU_TASKS)).toThrow(
      /task_weights names "A-sss"; did you mean "A-ss"/
    )
  })
})

describe("a file's pairs, which name no task", () => {
  const file: Dataset = { ...dataset, tasks: [{ name: 'match', id: 0, group: 'match' }] }
  const one: readonly TaskSpec[] = [{ name: 'same', id: 0, group: 'same' }]

  it('are of the only task of a model, or of the one that is named', () => {
    expect(ofTask(file, one).tasks[0]!.name).toBe('same')
    expect(ofTask(file, SOHU_TASKS, 'B-ss').tasks[0]!.name).toBe('B-ss')
    expect(() => ofTask(file, SOHU_TASKS)).toThrow('add --task with one of A-ss, B-ss')
    expect(() => ofTask(file, SOHU_TASKS, 'B-s')).toThrow('did you mean "B-ss"')
  })

  it('are the only ones that take a task', () => {
    expect(ofTask(dataset, SOHU_TASKS)).toBe(dataset)
    expect(() => ofTask(dataset, SOHU_TASKS, 'A-ss')).toThrow('it is for files')
  })
})
