import { basename, join } from 'node:path'
import {
  describeIssues,
  MatcherError,
  parseThresholds,
  thresholdOf,
  type Example,
  type ScoredRow,
  type TaskSpec
} from '@sohu-match/core'
import { readDataset, readJson } from '@sohu-match/node'
import * as v from 'valibot'
import { trainSettingsToJson } from '../config'
import { describeDataset } from '../data/fingerprint'
import { onlyTasks } from '../data/for-tasks'
import { compareModels, type ScoredModel, type TaskComparison } from '../evaluate/compare'
import { readRecords, type RunRecord } from '../run/metrics-log'
import { readRun, type RunDescription } from '../run/run-folder'
import { VALID_SCORES } from './run-files'
import { settingFacts } from './run-report'

export interface ComparedRun {
  readonly name: string
  readonly records: readonly RunRecord[]
}

export interface RunComparison {
  readonly runs: readonly [ComparedRun, ComparedRun]
  /** With both values; `–` if one run has none. */
  readonly differences: readonly (readonly [key: string, one: string, other: string])[]
  /** On common valid pairs; undefined if the runs were trained on different data. */
  readonly metrics?: readonly TaskComparison[]
}

/**
 * Compares the best checkpoints of two runs. Throws `checkpoint-invalid`, or `data-invalid` if their data have changed.
 */
export async function compareRuns(folders: readonly [string, string]): Promise<RunComparison> {
  const [one, other] = (await Promise.all(folders.map(readRun))) as [RunDescription, RunDescription]
  const records = (await Promise.all(folders.map(readRecords))) as [RunRecord[], RunRecord[]]
  const names = namesOf(folders)
  const runs = [0, 1].map((i) => ({ name: names[i]!, records: records[i]! })) as unknown as RunComparison['runs']
  const same =
    one.dataset !== undefined &&
    one.dataset.fingerprint === other.dataset?.fingerprint &&
    one.settings.onlyTasks.join() === other.settings.onlyTasks.join()
  return { runs, differences: differencesOf(one, other), ...(same && { metrics: await metricsOf(folders, one) }) }
}

/** Names of the folders, or their paths if the names are equal. */
function namesOf(folders: readonly [string, string]): readonly string[] {
  const names = folders.map((folder) => basename(folder))
  return names[0] === names[1] ? folders : names
}

function differencesOf(one: RunDescription, other: RunDescription): RunComparison['differences'] {
  const facts = ({ settings, dataset, columns: _, planned: __, ...source }: RunDescription): Map<string, string> =>
    new Map(
      settingFacts({
        ...source,
        ...(dataset && { 'train pairs': dataset.train, 'valid pairs': dataset.valid }),
        ...trainSettingsToJson(settings)
      })
    )
  const [a, b] = [facts(one), facts(other)]
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((key) => [key, a.get(key) ?? '–', b.get(key) ?? '–'] as const)
    .filter(([, here, there]) => here !== there)
}

async function metricsOf(folders: readonly string[], one: RunDescription): Promise<TaskComparison[]> {
  const read = await readDataset(one.data, ['train', 'valid'], {
    unlabelled: one.teacher !== undefined,
    columns: one.columns
  })
  const { tasks, splits, ...rest } = onlyTasks(read, one.settings.onlyTasks)
  if (describeDataset({ tasks, splits, ...rest }).fingerprint !== one.dataset!.fingerprint)
    throw new MatcherError(
      'data-invalid',
      `${one.data} has changed since the run ${folders[0]} was trained on it: restore the data, or train again.`
    )
  const labelled = splits.valid.filter(({ label }) => label !== undefined)
  const models = await Promise.all(folders.map((folder) => scoredModel(join(folder, 'best'), labelled, tasks)))
  return compareModels(models[0]!, models[1]!, tasks)
}

/** Scores and thresholds of a run's best epoch. */
async function scoredModel(
  folder: string,
  pairs: readonly Example[],
  tasks: readonly TaskSpec[]
): Promise<ScoredModel> {
  const [scoresFile, thresholdsFile] = [join(folder, VALID_SCORES), join(folder, 'thresholds.json')]
  const json = (path: string): Promise<unknown> => readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  const parsed = v.safeParse(
    v.object({ scores: v.pipe(v.array(v.number()), v.length(pairs.length)) }),
    await json(scoresFile)
  )
  if (!parsed.success)
    throw new MatcherError(
      'checkpoint-invalid',
      `${scoresFile}: ${describeIssues(parsed.issues)}; train that run again.`
    )
  const thresholds = parseThresholds(await json(thresholdsFile), tasks, thresholdsFile)
  const rows = pairs.map(({ task, label }, i): ScoredRow => {
    const score = parsed.output.scores[i]!
    return { task, label: label!, score, predicted: score > thresholdOf(thresholds, tasks[task]!.name) ? 1 : 0 }
  })
  return { rows, thresholds }
}
