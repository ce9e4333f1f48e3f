import { MatcherError } from './errors'

/** Criterion A (same topic) or B (same event) x short-short, short-long, long-long. The index is the task id. */
export const TASKS = ['A-ss', 'B-ss', 'A-sl', 'B-sl', 'A-ll', 'B-ll'] as const

export type Task = (typeof TASKS)[number]

/** Folders of the six variants in the Sohu layout, in task-id order (bojone/sohu2021-baseline). */
export const VARIANTS = [
  '短短匹配A类',
  '短短匹配B类',
  '短长匹配A类',
  '短长匹配B类',
  '长长匹配A类',
  '长长匹配B类'
] as const

/** `group` is the criterion in whose pooled F1 the task counts. */
export interface TaskSpec {
  readonly name: string
  readonly id: number
  readonly group: string
}

/** Criterion = id % 2. */
export const SOHU_TASKS: readonly TaskSpec[] = TASKS.map((name, id) => ({ name, id, group: name[0]! }))

/** Throws `task-unknown`. */
export function taskId(name: string, tasks: readonly TaskSpec[] = SOHU_TASKS): number {
  const task = tasks.find((candidate) => candidate.name === name)
  if (!task) {
    throw new MatcherError(
      'task-unknown',
      `There is no task "${name}"; this model knows ${tasks.map((t) => t.name).join(', ')}.`
    )
  }
  return task.id
}
