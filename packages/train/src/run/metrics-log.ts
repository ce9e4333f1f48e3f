import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeIssues, MatcherError, parseMetrics, type Metrics } from '@sohu-match/core'
import { readText, storageError, writeFileAtomic } from '@sohu-match/node'
import * as v from 'valibot'
import { exists } from '../checkpoint/checkpoint'
import type { StepReport } from '../step/loss-meter'
import type { Elapsed } from '../step/stopwatch'

/** A line of a run's `metrics.jsonl`; null in the file is NaN here. */
export type RunRecord =
  | ({ readonly type: 'step' } & StepReport)
  /** Before the first step: the time that a teacher took for `pairs`. */
  | ({ readonly type: 'teacher'; readonly step: number; readonly pairs: number } & Elapsed)
  | ({ readonly type: 'epoch'; readonly step: number; readonly epoch: number; readonly improved: boolean } & Metrics)

const number = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN)
)
/** Logs of older runs have no processor time. */
const elapsed = { seconds: v.number(), processorSeconds: v.optional(number, null) }
const stepSchema = v.object({
  step: v.number(),
  steps: v.number(),
  epoch: v.number(),
  epochs: v.number(),
  loss: number,
  learningRate: number,
  pairs: number,
  tokens: number,
  paddingShare: number,
  ...elapsed
})
const teacherSchema = v.object({ step: v.number(), pairs: v.number(), ...elapsed })
const epochSchema = v.object({ step: v.number(), epoch: v.number(), improved: v.optional(v.boolean(), false) })

const SCHEMAS = { step: stepSchema, teacher: teacherSchema, epoch: epochSchema }

/** Throws `storage`. */
export async function logMetrics(folder: string, line: Record<string, unknown>): Promise<void> {
  await appendFile(pathOf(folder), `${JSON.stringify(line)}\n`).catch((cause: unknown) => {
    throw storageError('write', pathOf(folder), cause)
  })
}

/** Empty if there is no `metrics.jsonl` yet. Throws `checkpoint-invalid` naming a damaged line, `storage`. */
export async function readRecords(folder: string): Promise<RunRecord[]> {
  return (await readLines(folder)).map(({ record }) => record)
}

/**
 * Removes the lines after `step`, which a resumed run writes again, and a truncated last one. Throws as `readRecords`.
 */
export async function rewindMetrics(folder: string, step: number): Promise<void> {
  if (!(await exists(pathOf(folder)))) return
  const kept = (await readLines(folder)).filter(({ record }) => record.step <= step)
  await writeFileAtomic(pathOf(folder), kept.map(({ text }) => `${text}\n`).join(''))
}

/** Only whole lines: a killed process may have truncated the last one. */
async function readLines(folder: string): Promise<{ text: string; record: RunRecord }[]> {
  const path = pathOf(folder)
  if (!(await exists(path))) return []
  const lines = (await readText(path)).split('\n').slice(0, -1)
  return lines.map((text, i) => ({ text, record: parseRecord(text, `${path}:${i + 1}`) }))
}

function parseRecord(text: string, place: string): RunRecord {
  const damaged = (found: string, cause?: unknown): MatcherError =>
    new MatcherError('checkpoint-invalid', `${place}: ${found}; the run's log is damaged: delete that line.`, { cause })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw damaged(`the line is not JSON (${(cause as Error).message})`, cause)
  }
  const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined
  if (type !== 'step' && type !== 'teacher' && type !== 'epoch')
    throw damaged('the line is not a record of a step, a teacher or an epoch')
  const parsed = v.safeParse(SCHEMAS[type], json)
  if (!parsed.success) throw damaged(describeIssues(parsed.issues))
  return (
    type === 'epoch' ? { type, ...parseMetrics(json, place), ...parsed.output } : { type, ...parsed.output }
  ) as RunRecord
}

function pathOf(folder: string): string {
  return join(folder, 'metrics.jsonl')
}
