import { createHash } from 'node:crypto'
import { MatcherError, type TaskSpec } from '@sohu-match/core'
import type { Dataset } from '@sohu-match/node'
import * as v from 'valibot'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** A run's record of its data: enough to recognize them and to report what has changed. */
export const descriptionSchema = v.strictObject({
  /** SHA-256, hex, of the tasks and of every train and valid pair, in their order. */
  fingerprint: v.string(),
  tasks: v.array(v.string()),
  train: count,
  valid: count
})

export type DatasetDescription = v.InferOutput<typeof descriptionSchema>

/** Of the train and valid splits. */
export function describeDataset({ tasks, splits: { train, valid } }: Dataset): DatasetDescription {
  const hash = createHash('sha256').update(JSON.stringify(tasks.map(taskFacts)))
  for (const split of [train, valid]) {
    hash.update(`\n${split.length}`)
    for (const { a, b, task, label, target, keys } of split)
      hash.update(JSON.stringify([task, label ?? target, a, b, ...(keys ?? [])]))
  }
  return {
    fingerprint: hash.digest('hex'),
    tasks: tasks.map(({ name }) => name),
    train: train.length,
    valid: valid.length
  }
}

/** SHA-256, hex, of the pairs of an evaluation set and their tasks. */
export function fingerprintOf(tasks: Dataset['tasks'], examples: Dataset['splits']['test']): string {
  const hash = createHash('sha256').update(JSON.stringify(tasks.map(({ name }) => name)))
  for (const { a, b, task, label, target } of examples) hash.update(JSON.stringify([task, label ?? target, a, b]))
  return hash.digest('hex')
}

/** What of a task makes other data of the same lines; that of a match task is its name and group. */
function taskFacts({ name, group, kind, labels, range }: TaskSpec): unknown[] {
  return kind ? [name, group, kind, labels ?? range] : [name, group]
}

/** Throws `data-invalid`, naming what differs, if the data in `folder` are not those of the run in `run`. */
export function requireSameDataset(
  folder: string,
  run: string,
  was: Partial<DatasetDescription> | undefined,
  now: DatasetDescription
): void {
  if (was === undefined || was.fingerprint === now.fingerprint) return
  const names = (tasks: readonly string[]): string => tasks.join(', ')
  const tasks =
    !was.tasks || names(was.tasks) === names(now.tasks) ? [] : [`tasks ${names(now.tasks)} (were ${names(was.tasks)})`]
  const pairs = (['train', 'valid'] as const).flatMap((split) =>
    was[split] === undefined || was[split] === now[split] ? [] : [`${now[split]} ${split} pairs (were ${was[split]})`]
  )
  const changes = [...tasks, ...pairs]
  if (changes.length === 0 && was.fingerprint === undefined) return // an older run records only its tasks
  throw new MatcherError(
    'data-invalid',
    `${folder} has changed since the run in ${run} was started: ` +
      `${changes.length > 0 ? changes.join(', ') : 'the same numbers of pairs, but other texts, labels, groups or order'}. ` +
      `Put the data back, or start another run on it from these weights with --init.`
  )
}
