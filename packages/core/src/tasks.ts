import { MatcherError } from './errors'

/** The six Sohu tasks: criterion A (same topic) or B (same event) x short-short, short-long, long-long. The index is the task id. */
export const TASKS = ['A-ss', 'B-ss', 'A-sl', 'B-sl', 'A-ll', 'B-ll'] as const

/** One of the six Sohu tasks. */
export type Task = (typeof TASKS)[number]

/** Folder names of the six variants in the Sohu data layout, in task-id order (bojone/sohu2021-baseline). */
export const VARIANTS = [
  '短短匹配A类',
  '短短匹配B类',
  '短长匹配A类',
  '短长匹配B类',
  '长长匹配A类',
  '长长匹配B类'
] as const

/** A task as configurations and manifests name it; `group` is the criterion whose pooled F1 it counts in. */
export interface TaskSpec {
  readonly name: string
  readonly id: number
  readonly group: string
}

/** The six Sohu tasks with their groups, criterion = id % 2. */
export const SOHU_TASKS: readonly TaskSpec[] = TASKS.map((name, id) => ({ name, id, group: name[0]! }))

/** The id of a task among `tasks`. Throws `task-unknown`. */
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
