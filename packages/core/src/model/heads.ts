import { kindOf, type TaskSpec } from '../tasks'

/** The columns of the network's output that answer a task: from the first, up to but without the second. */
export type Columns = readonly [from: number, to: number]

/** The classifier's columns, and what of them each task reads. */
export interface HeadLayout {
  /** Columns of the classifier: those of all heads. */
  readonly columns: number
  /** Columns of the output [batch, width]. */
  readonly width: number
  /** Whether the output has the columns of the row's own task alone, and not those of all heads. */
  readonly selected: boolean
  /** The columns of the output that answer each task, by its id. */
  readonly ofTask: readonly Columns[]
}

/** Logits of a match task: no match, match. */
export const MATCH_WIDTH = 2

/** Logits that a task's head gives: one for each label, two for a match, one for a score. */
export function headWidth({ kind, labels }: Pick<TaskSpec, 'kind' | 'labels'>): number {
  return labels ? labels.length : kind === 'score' ? 1 : MATCH_WIDTH
}

/** The same for tasks that may share a head: those of one kind with the same labels, or range. */
export function headKey(task: Pick<TaskSpec, 'kind' | 'labels' | 'range'>): string {
  return JSON.stringify([kindOf(task), task.labels, task.range])
}

/**
 * Where the heads are. `shared`: tasks of one kind with the same labels (or range) have one head; `per-task`: each has its own. Where all
 * tasks are match tasks the output is the logits of the row's own task, [batch, 2]. Otherwise it is the columns of all heads side by side:
 * they cost next to nothing, no runtime has to select any, and whoever asked knows its task's.
 */
export function headLayout(tasks: readonly TaskSpec[], heads: 'shared' | 'per-task'): HeadLayout {
  const ofTask = classifierColumns(tasks, heads)
  const columns = Math.max(0, ...ofTask.map(([, to]) => to))
  if (tasks.some(({ kind }) => kind)) return { columns, width: columns, selected: false, ofTask }
  const own = tasks.map((): Columns => [0, MATCH_WIDTH])
  return { columns, width: MATCH_WIDTH, selected: heads === 'per-task', ofTask: own }
}

/** The columns of each task's head in the classifier, by its id; those of the output are others where it is `selected`. */
export function classifierColumns(tasks: readonly TaskSpec[], heads: 'shared' | 'per-task'): Columns[] {
  const found = new Map<string, Columns>()
  let columns = 0
  return tasks.map((task, place): Columns => {
    const key = heads === 'per-task' ? String(place) : headKey(task)
    const own = found.get(key) ?? [columns, columns + headWidth(task)]
    found.set(key, own)
    columns = Math.max(columns, own[1])
    return own
  })
}
