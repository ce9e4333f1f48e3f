import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeIssues, MatcherError, type Example } from '@sohu-match/core'
import {
  makeFolds,
  readDataset,
  readJson,
  storageError,
  writeFileAtomic,
  type Dataset,
  type GivenColumns
} from '@sohu-match/node'
import * as v from 'valibot'
import { exists } from '../checkpoint/checkpoint'
import { trainSettingsToJson, type TrainSettings } from '../config'
import { fingerprintOf } from '../data/fingerprint'
import type { JudgedPair } from '../report/mistakes'
import { scoreSplit } from '../evaluate/scoring'
import type { RunHooks } from '../run/execution'
import { resumeRun } from '../run/resume'
import { startRun } from '../run/start'

export interface HeldOutOptions {
  readonly data: string
  readonly columns?: GivenColumns | undefined
  /** Folder of the folds; a finished fold is not trained again. */
  readonly out: string
  readonly folds: number
  readonly init?: string | undefined
  /** Settings of each training, chosen for the data folder of the first fold. */
  readonly settingsFor: (data: string) => Promise<TrainSettings>
  readonly hooks?: RunHooks
  /** Training of a fold begins, number `fold` from 0. */
  readonly onFold?: (fold: number) => void
}

/** A pair with the score of a network that was trained on other folds. */
export interface HeldOutPair extends JudgedPair {
  /** Its place among all labeled pairs of the data: those of train, then valid, then test. */
  readonly place: number
}

/** Pairs, folds and settings that a folder's scores belong to. */
const RECORD = 'folds.json'

/**
 * Cross-validation: every labeled pair of the match tasks is scored by a network that was trained without it. Of `folds` parts one is scored, the next one chooses
 * epoch and threshold, the others are trained on, in turn. Returns undefined if the run was stopped; the same call continues it. Throws
 * `data-invalid`, `config-invalid`, and `output-exists` if the folder belongs to other pairs or settings.
 */
export async function heldOutScores(
  options: HeldOutOptions
): Promise<{ dataset: Dataset; pairs: HeldOutPair[] } | undefined> {
  const { data, columns, folds, out } = options
  const dataset = await readDataset(data, ['train', 'valid', 'test'], { columns, optional: ['valid', 'test'] })
  const { train, valid, test } = dataset.splits
  const examples = [...train, ...valid, ...test].filter(({ label }) => label !== undefined)
  if (examples.length < 2 * folds)
    throw new MatcherError(
      'data-invalid',
      `${data} has ${examples.length} labeled pairs of match tasks, too few for ${folds} folds; labels of other tasks are not checked.`
    )
  const foldOf = makeFolds(examples, folds)
  const places = (fold: number): string => join(out, `fold-${fold + 1}`)
  // without the record, folders of folds are of an attempt that failed, perhaps on other pairs
  if (!(await exists(join(out, RECORD))))
    for (let fold = 0; fold < folds; fold++)
      await writeFold(join(places(fold), 'data'), dataset, examples, (i) => roleOf(foldOf[i]!, fold, folds))
  const settings = await options.settingsFor(join(places(0), 'data'))
  await requireSame(out, {
    fingerprint: fingerprintOf(dataset.tasks, examples),
    folds,
    init: options.init ?? null,
    settings: trainSettingsToJson(settings)
  })
  const pairs: HeldOutPair[] = []
  for (let fold = 0; fold < folds; fold++) {
    const scored = await scoresOfFold(places(fold), settings, options, () => options.onFold?.(fold))
    if (!scored) return undefined
    pairs.push(...scored.map(([place, score, predicted]) => judged(examples[place]!, place, score, predicted)))
  }
  return { dataset, pairs: pairs.sort((one, other) => one.place - other.place) }
}

const roleOf = (fold: number, scored: number, folds: number) =>
  fold === scored ? 'test' : fold === (scored + 1) % folds ? 'valid' : 'train'

function judged({ a, b, task, label }: Example, place: number, score: number, predicted: 0 | 1): HeldOutPair {
  return { a, b: b!, task, label: label!, score, predicted, place }
}

/** A data folder with the pairs of one fold as its test split, ids being places among all pairs. */
async function writeFold(
  folder: string,
  { tasks }: Dataset,
  examples: readonly Example[],
  roleOf: (place: number) => 'train' | 'valid' | 'test'
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw storageError('make the folder', folder, cause)
  })
  const splits = ['train', 'valid', 'test'] as const
  const fileOf = (task: number, split: string): string => `${task}.${split}.jsonl`
  const used = tasks.filter(({ id }) => examples.some(({ task }) => task === id))
  for (const { id } of used)
    for (const split of splits) {
      const lines = examples.flatMap(({ a, b, task, label }, place) =>
        task === id && roleOf(place) === split
          ? [`${JSON.stringify({ id: String(place), source: a, target: b, label: String(label) })}\n`]
          : []
      )
      await writeFileAtomic(join(folder, fileOf(id, split)), lines.join(''))
    }
  const described = used.map(({ id, name, group }) => ({
    name,
    group,
    ...Object.fromEntries(splits.map((split) => [split, [fileOf(id, split)]]))
  }))
  await writeFileAtomic(join(folder, 'dataset.json'), JSON.stringify({ tasks: described }))
}

async function requireSame(out: string, record: object): Promise<void> {
  const path = join(out, RECORD)
  const text = JSON.stringify(record, null, 2)
  if (!(await exists(path))) return writeFileAtomic(path, `${text}\n`)
  const before = JSON.stringify(await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid'), null, 2)
  if (before !== text)
    throw new MatcherError(
      'output-exists',
      `${out} holds folds of other pairs or settings (${RECORD} says which): name another --out, or remove that folder.`
    )
}

const scoresSchema = v.array(v.tuple([v.number(), v.number(), v.picklist([0, 1])]))
type Score = v.InferOutput<typeof scoresSchema>[number]

/** Place, score and predicted label of the fold's pairs; trains its network if that has not been done. Undefined if stopped. */
async function scoresOfFold(
  folder: string,
  settings: TrainSettings,
  { init, hooks = {} }: HeldOutOptions,
  onTraining: () => void
): Promise<readonly Score[] | undefined> {
  const [file, run, data] = ['scores.json', 'run', 'data'].map((name) => join(folder, name)) as [string, string, string]
  if (await exists(file)) {
    const parsed = v.safeParse(scoresSchema, await readJson(file, 'checkpoint-invalid', 'checkpoint-invalid'))
    if (parsed.success) return parsed.output
    throw new MatcherError(
      'checkpoint-invalid',
      `${file}: ${describeIssues(parsed.issues)}; remove it to train that fold again.`
    )
  }
  onTraining()
  const { finished, best } = (await exists(join(run, 'train.json')))
    ? await resumeRun(run, hooks)
    : await startRun({ data, out: run, settings, ...(init !== undefined && { init }) }, hooks)
  if (!finished) return undefined
  if (!best)
    throw new MatcherError(
      'data-invalid',
      `${data} has no task with valid pairs of both labels: use fewer folds, or more pairs.`
    )
  const { examples, rows } = await scoreSplit({ checkpoint: join(run, 'best'), data, split: 'test' })
  const scores = examples.map(({ id }, i): Score => [Number(id), rows[i]!.score, rows[i]!.predicted])
  await writeFileAtomic(file, JSON.stringify(scores))
  await rm(run, { recursive: true }) // the weights of every fold would fill the disk
  return scores
}
