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

/**
 * The answer that a task has: 0 or 1, whether two texts match; one of its labels; any number of its labels; or a number within its
 * range. All but `match` may be asked of a single text.
 */
export type TaskKind = 'match' | 'one-of' | 'any-of' | 'score'

/** `group` is the criterion in whose pooled F1 a match task counts, which has no kind, labels or range (`kindOf`). */
export interface TaskSpec {
  readonly name: string
  readonly id: number
  readonly group: string
  readonly kind?: Exclude<TaskKind, 'match'> | undefined
  /** Of `one-of` and `any-of`. */
  readonly labels?: readonly string[] | undefined
  /** Of `score`: the least and the greatest number. */
  readonly range?: readonly [least: number, greatest: number] | undefined
}

/** The kind of a task; `match` where it names none. */
export function kindOf({ kind }: Pick<TaskSpec, 'kind'>): TaskKind {
  return kind ?? 'match'
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
