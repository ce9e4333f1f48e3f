import {
  describeIssues,
  MatcherError,
  recordOf,
  taskEntries,
  type AnswerRow,
  type TaskSpec,
  type Thresholds
} from '@sohu-match/core'
import { readJson, writeFileAtomic } from '@sohu-match/node'
import * as v from 'valibot'
import type { EvaluatedRow } from '../evaluate/evaluation'

/** Scores of labeled pairs and the thresholds chosen before, from which all metrics are computed. */
export interface Scores {
  readonly tasks: readonly TaskSpec[]
  /** By task name. */
  readonly thresholds: Thresholds
  readonly rows: readonly EvaluatedRow[]
  /** Fingerprint of the scored pairs. Absent in older files. */
  readonly data?: string
  /** Of tasks with labels or a score; absent where there is none. */
  readonly answers?: readonly AnswerRow[]
}

const bit = v.picklist([0, 1])
const whole = v.pipe(v.number(), v.integer(), v.minValue(0))
const schema = v.strictObject({
  tasks: v.array(v.strictObject(taskEntries)),
  thresholds: recordOf(v.union([v.number(), recordOf(v.number())])),
  rows: v.array(v.strictObject({ task: whole, label: bit, score: v.number(), predicted: bit, tokens: whole })),
  answers: v.exactOptional(
    v.array(v.strictObject({ task: whole, target: v.array(v.number()), values: v.array(v.number()) }))
  ),
  data: v.exactOptional(v.string())
})

export async function writeScores(
  path: string,
  { tasks, thresholds, rows, answers = [], data }: Scores
): Promise<void> {
  const plain = rows.map(({ task, label, score, predicted, tokens }) => ({ task, label, score, predicted, tokens }))
  const others = answers.map(({ task, target, values }) => ({ task, target, values }))
  const scores = { tasks, thresholds, rows: plain, ...(others.length > 0 && { answers: others }), data }
  await writeFileAtomic(path, JSON.stringify(scores))
}

/** Throws `data-invalid`. */
export async function readScores(path: string): Promise<Scores> {
  const parsed = v.safeParse(schema, await readJson(path, 'data-invalid', 'data-invalid'))
  if (!parsed.success)
    throw new MatcherError(
      'data-invalid',
      `${path}: ${describeIssues(parsed.issues)}. Delete it to have it made again.`
    )
  return parsed.output
}

/** Throws `data-invalid` if the scores are of other pairs than the set's. */
export async function requireSamePairs(
  path: string,
  set: { readonly data: string; readonly fingerprint: string }
): Promise<void> {
  const { data } = await readScores(path)
  if (data === undefined || data === set.fingerprint) return
  throw new MatcherError(
    'data-invalid',
    `${set.data} has changed since the scores in ${path} were made; put it back, or delete all files of that name in the study's folder to have ` +
      'them made again.'
  )
}

/** Combines the scores of several networks; tasks are matched by name and numbered in order of appearance. */
export function mergedScores(parts: readonly Scores[]): Scores {
  const named = new Map<string, TaskSpec>()
  for (const task of parts.flatMap((part) => part.tasks))
    if (!named.has(task.name)) named.set(task.name, { ...task, id: named.size })
  const renumbered = <Row extends { readonly task: number }>(part: Scores, rows: readonly Row[]): Row[] =>
    rows.map((row) => ({ ...row, task: named.get(part.tasks[row.task]!.name)!.id }))
  return {
    tasks: [...named.values()],
    thresholds: Object.fromEntries(parts.flatMap((part) => Object.entries(part.thresholds))),
    rows: parts.flatMap((part) => renumbered(part, part.rows)),
    answers: parts.flatMap((part) => renumbered(part, part.answers ?? []))
  }
}
