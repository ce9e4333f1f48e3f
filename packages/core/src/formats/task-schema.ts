import * as v from 'valibot'
import type { TaskSpec } from '../tasks'

/** The keys of a task in `config.json` and `manifest.json`; those of a match task are the first three. */
export const taskEntries = {
  name: v.pipe(v.string(), v.nonEmpty()),
  id: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  group: v.string(),
  kind: v.optional(v.picklist(['one-of', 'any-of', 'score'])),
  labels: v.optional(v.array(v.string())),
  range: v.optional(v.tuple([v.number(), v.number()]))
}

/** What is wrong with a list of tasks, as the end of a sentence; undefined where nothing is. */
export function taskProblem(tasks: readonly TaskSpec[]): string | undefined {
  if (tasks.some((task, index) => task.id !== index) || new Set(tasks.map((task) => task.name)).size !== tasks.length)
    return `tasks must have distinct names and the ids 0 to ${tasks.length - 1} in order`
  const bad = tasks.find(({ kind, labels, range }) =>
    kind === 'score'
      ? labels || !range || !(range[0] < range[1])
      : range || (kind ? !labels || !areLabels(labels, kind === 'one-of' ? 2 : 1) : labels)
  )
  return (
    bad && `the task "${bad.name}" must have distinct labels, or a range, as its kind asks (${bad.kind ?? 'match'})`
  )
}

/** Whether labels are distinct, not empty, and at least `least`. */
function areLabels(labels: readonly string[], least: number): boolean {
  return labels.length >= least && new Set(labels).size === labels.length && !labels.includes('')
}
