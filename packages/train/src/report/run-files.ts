import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  atThresholds,
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
import { readRecords } from '../run/metrics-log'
import { runReport } from './run-report'
import { eventFile, eventFileName } from './tensorboard'

/** The file in `best/` with the scores of the valid pairs, from which a report is made again at any time. */
export const VALID_SCORES = 'valid-scores.json'

/** Most wrong pairs of each task that a report shows. */
const EXAMPLES = 2

/** The parts of a run's report that are not in its folder. */
export interface ReportSource {
  readonly tasks: readonly TaskSpec[]
  /** The valid split, each pair labelled, and the tokens of each. */
  readonly pairs: readonly Example[]
  readonly tokens: ArrayLike<number>
  /** Cuts a text into words, to mark those in common. */
  readonly words: (text: string) => readonly string[]
  /** The resolved configuration. */
  readonly config: Readonly<Record<string, unknown>>
}

/**
 * Rewrites `report.html` and the TensorBoard event file of a run's folder from its `metrics.jsonl` and its `best/`, each whole or not at all.
 * Throws `storage` or `checkpoint-invalid`.
 */
export async function writeRunReport(folder: string, source: ReportSource): Promise<void> {
  const records = await readRecords(folder)
  const pairs = await judgedPairs(join(folder, 'best', VALID_SCORES), source)
  const html = runReport({
    title: `Run ${basename(folder)}`,
    records,
    config: source.config,
    ...(pairs && {
      evaluation: { split: 'valid', figures: figures(pairs, source.tasks) },
      examples: { pairs: examples(pairs, source.tasks), tasks: source.tasks, words: source.words }
    })
  })
  await writeFileAtomic(join(folder, 'report.html'), html)
  const events = await eventFileOf(folder)
  await writeFileAtomic(join(folder, events.name), eventFile(records, events.start))
}

type Judged = JudgedPair & { readonly tokens: number }

/** The valid pairs with the best epoch's scores of them, or undefined before there is a best epoch. */
async function judgedPairs(path: string, { pairs, tokens, tasks }: ReportSource): Promise<Judged[] | undefined> {
  if (!(await exists(path))) return undefined
  const parsed = v.safeParse(
    v.object({ scores: v.pipe(v.array(v.number()), v.length(pairs.length)) }),
    await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  )
  if (!parsed.success)
    throw new MatcherError(
      'checkpoint-invalid',
      `${path}: ${describeIssues(parsed.issues)}; the valid split has ${pairs.length} pairs.`
    )
  const { scores } = parsed.output
  const rows = pairs.map(({ a, b, task, label }, i) => ({
    a,
    b,
    task,
    label: label!,
    score: scores[i]!,
    predicted: 0 as const,
    tokens: tokens[i]!
  }))
  return atThresholds(rows, tasks, chooseThresholds(rows, tasks))
}

function figures(pairs: readonly Judged[], tasks: readonly TaskSpec[]): Evaluation {
  return evaluation(pairs, tasks, chooseThresholds(pairs, tasks))
}

function examples(pairs: readonly Judged[], tasks: readonly TaskSpec[]): JudgedPair[] {
  return tasks.flatMap(({ id }) => mostWrong(pairs, id, EXAMPLES))
}

/** The event file that the folder has, or the name of a new one; its name holds the time that the run began. */
async function eventFileOf(folder: string): Promise<{ name: string; start: number }> {
  const name =
    (await readdir(folder)).find((file) => /^events\.out\.tfevents\.\d+\.sohu-match$/.test(file)) ??
    eventFileName(Date.now() / 1000)
  return { name, start: Number(name.split('.')[3]) }
}
