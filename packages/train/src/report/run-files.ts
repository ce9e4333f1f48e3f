import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  atThresholds,
  chooseAllThresholds,
  chooseThresholds,
  describeIssues,
  MatcherError,
  type Example,
  type TaskSpec
} from '@sohu-match/core'
import { readJson, writeFileAtomic } from '@sohu-match/node'
import * as v from 'valibot'
import { exists } from '../checkpoint/checkpoint'
import { mostWrong, type JudgedPair } from './mistakes'
import { evaluation, type Evaluation } from '../evaluate/evaluation'
import type { AnsweredText } from '../evaluate/scoring'
import { readRecords } from '../run/metrics-log'
import { runReport } from './run-report'
import { eventFile, eventFileName } from './tensorboard'

/** Scores of the valid pairs in `best/`, from which a report can be regenerated at any time. */
export const VALID_SCORES = 'valid-scores.json'

/** Most wrong pairs shown per task. */
const EXAMPLES = 2

export interface ReportSource {
  readonly tasks: readonly TaskSpec[]
  /** The labeled valid split, and the number of tokens of each pair. */
  readonly pairs: readonly Example[]
  readonly tokens: ArrayLike<number>
  /** Segments a text, to mark common words. */
  readonly words: (text: string) => readonly string[]
  readonly config: Readonly<Record<string, unknown>>
}

/**
 * Rewrites `report.html` and the TensorBoard event file of a run's folder from its `metrics.jsonl` and its `best/`, each whole or not at all.
 * Throws `storage` or `checkpoint-invalid`.
 */
export async function writeRunReport(folder: string, source: ReportSource): Promise<void> {
  const records = await readRecords(folder)
  const judged = await judgedRows(join(folder, 'best', VALID_SCORES), source)
  const html = runReport({
    title: `Run ${basename(folder)}`,
    records,
    config: source.config,
    ...(judged && {
      evaluation: { split: 'valid', figures: figures(judged, source.tasks) },
      examples: { pairs: examples(judged.pairs, source.tasks), tasks: source.tasks, words: source.words }
    })
  })
  await writeFileAtomic(join(folder, 'report.html'), html)
  const events = await eventFileOf(folder)
  await writeFileAtomic(join(folder, events.name), eventFile(records, events.start))
}

type Judged = JudgedPair & { readonly tokens: number }

/** The valid split with the best epoch's scores: pairs of match tasks, texts and pairs of others. */
interface JudgedRows {
  readonly pairs: readonly Judged[]
  readonly answers: readonly AnsweredText[]
}

/** Undefined before the first best epoch. */
async function judgedRows(path: string, { pairs, tokens, tasks }: ReportSource): Promise<JudgedRows | undefined> {
  if (!(await exists(path))) return undefined
  const numbered = pairs.map((pair, i) => ({ ...pair, tokens: tokens[i]! }))
  const matches = numbered.filter(({ target }) => !target)
  const others = numbered.filter(({ target }) => target)
  const parsed = v.safeParse(
    v.object({
      scores: v.pipe(v.array(v.number()), v.length(matches.length)),
      answers: v.optional(v.pipe(v.array(v.array(v.number())), v.length(others.length)), [])
    }),
    await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  )
  if (!parsed.success)
    throw new MatcherError(
      'checkpoint-invalid',
      `${path}: ${describeIssues(parsed.issues)}; the valid split has ${pairs.length} pairs.`
    )
  const { scores, answers } = parsed.output
  const rows = matches.map(({ a, b, task, label, tokens }, i) => ({
    a,
    b: b!,
    task,
    label: label!,
    score: scores[i]!,
    predicted: 0 as const,
    tokens
  }))
  return {
    pairs: atThresholds(rows, tasks, chooseThresholds(rows, tasks)),
    answers: others.map(({ a, b, task, target, tokens }, i) => ({
      a,
      b,
      task,
      target: target!,
      tokens,
      values: answers[i]!
    }))
  }
}

function figures({ pairs, answers }: JudgedRows, tasks: readonly TaskSpec[]): Evaluation {
  return evaluation(pairs, tasks, chooseAllThresholds({ rows: pairs, answers }, tasks), { answers })
}

function examples(pairs: readonly Judged[], tasks: readonly TaskSpec[]): JudgedPair[] {
  return tasks.flatMap(({ id }) => mostWrong(pairs, id, EXAMPLES))
}

/** The folder's event file, or the name of a new one; its name contains the time when the run began. */
async function eventFileOf(folder: string): Promise<{ name: string; start: number }> {
  const name =
    (await readdir(folder)).find((file) => /^events\.out\.tfevents\.\d+\.sohu-match$/.test(file)) ??
    eventFileName(Date.now() / 1000)
  return { name, start: Number(name.split('.')[3]) }
}
