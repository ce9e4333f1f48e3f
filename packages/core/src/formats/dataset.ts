import * as v from 'valibot'
import { MatcherError } from '../errors'
import { describeIssues } from '../schema'
import { taskProblem } from './task-schema'
import type { TaskSpec } from '../tasks'
import type { LineFields } from './lines'

/** A task of a user's own data set: its files (paths relative to `dataset.json`) and the fields of their lines. */
export interface DatasetTask extends TaskSpec {
  readonly train: readonly string[]
  readonly valid: readonly string[]
  readonly test: readonly string[]
  readonly fields: LineFields
}

const name = v.pipe(v.string(), v.nonEmpty())
const files = v.optional(v.array(name), [])
const fields = v.strictObject({
  a: v.optional(name, 'source'),
  b: v.optional(name, 'target'),
  label: v.optional(name, 'label'),
  id: v.optional(name, 'id'),
  aKey: v.optional(name),
  bKey: v.optional(name)
})
const datasetSchema = v.strictObject({
  tasks: v.pipe(
    v.array(
      v.strictObject({
        name,
        group: v.optional(name),
        /** The task's labels: exactly one applies, or with `multiple` any number of them. */
        labels: v.exactOptional(v.array(name)),
        multiple: v.exactOptional(v.boolean()),
        /** The range of the task's score. */
        score: v.exactOptional(v.tuple([v.number(), v.number()])),
        train: files,
        valid: files,
        test: files,
        fields: v.optional(fields, {})
      })
    ),
    v.nonEmpty()
  )
})

/**
 * Ids follow the order; the default of `group` is the task's name. Without labels and score, a match task. Throws
 * `data-invalid`.
 */
export function parseDatasetJson(json: unknown, source = 'dataset.json'): DatasetTask[] {
  const parsed = v.safeParse(datasetSchema, json)
  if (!parsed.success) throw new MatcherError('data-invalid', `${source}: ${describeIssues(parsed.issues)}.`)
  const { tasks } = parsed.output
  const repeated = tasks.find((task, index) => tasks.findIndex((other) => other.name === task.name) !== index)
  if (repeated)
    throw new MatcherError(
      'data-invalid',
      `${source}: two tasks are named "${repeated.name}"; each needs its own name.`
    )
  const described = tasks.map(({ labels, multiple, score, ...task }, id): DatasetTask => {
    if (multiple !== undefined && !labels)
      throw new MatcherError('data-invalid', `${source}: the task "${task.name}" has "multiple" but no "labels".`)
    if (score && labels)
      throw new MatcherError(
        'data-invalid',
        `${source}: the task "${task.name}" has both "labels" and "score"; its answer is one or the other.`
      )
    return {
      ...task,
      id,
      group: task.group ?? task.name,
      ...(labels && { kind: multiple ? ('any-of' as const) : ('one-of' as const), labels }),
      ...(score && { kind: 'score' as const, range: score })
    }
  })
  const problem = taskProblem(described)
  if (problem) throw new MatcherError('data-invalid', `${source}: ${problem}.`)
  return described
}
