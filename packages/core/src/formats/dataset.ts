import * as v from 'valibot'
import { MatcherError } from '../errors'
import { describeIssues } from '../schema'
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
        train: files,
        valid: files,
        test: files,
        fields: v.optional(fields, {})
      })
    ),
    v.nonEmpty()
  )
})

/** Ids follow the order; the default of `group` is the task's name. Throws `data-invalid`. */
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
  return tasks.map((task, id) => ({ ...task, id, group: task.group ?? task.name }))
}
