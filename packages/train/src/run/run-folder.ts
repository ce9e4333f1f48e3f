import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  describeIssues,
  MatcherError,
  parameterSpecs,
  parseMetrics,
  parseThresholds,
  type CheckpointMetrics,
  type ParityBatch,
  type Thresholds,
  type TaskSpec
} from '@sohu-match/core'
import {
  acquireLock,
  isTemporary,
  readJson,
  recoverFolder,
  removeTemporaries,
  storageError,
  tidyFolder,
  writeFileAtomic,
  type Assets
} from '@sohu-match/node'
import * as v from 'valibot'
import { exists, writeCheckpoint } from '../checkpoint/checkpoint'
import { parseTrainSettings, trainSettingsToJson, type TrainSettings } from '../config'
import { descriptionSchema, type DatasetDescription } from '../data/fingerprint'
import type { TrainingState } from './loop'
import { sourceEntries, type RunSource } from './source'
import type { Variable } from '../optimizer/variable'
import type { Trainer } from '../step/trainer'
import { readWeights, tensorsOf, writeWeights } from '../checkpoint/weights-file'

/** `train.json` of a run's folder. */
export interface RunDescription extends RunSource {
  /** Absent in older runs. */
  readonly dataset?: DatasetDescription
  readonly teacherSha256?: string
  readonly settings: TrainSettings
}

const runSchema = v.strictObject({
  ...sourceEntries,
  dataset: v.exactOptional(descriptionSchema),
  teacherSha256: v.exactOptional(v.string()),
  config: v.record(v.string(), v.unknown())
})
/** Its presence makes a folder a run. */
export const DESCRIPTION = 'train.json'
const counter = v.pipe(v.number(), v.integer(), v.minValue(0))
const stateSchema = v.strictObject({
  step: counter,
  epoch: counter,
  position: counter,
  best: v.exactOptional(v.number()),
  stale: v.optional(counter, 0),
  mined: v.exactOptional(v.array(v.pipe(v.number(), v.integer(), v.minValue(-1))))
})

/** Held by the process that writes to the folder. */
const LOCK = 'run.lock'

/** Throws `output-exists` if the folder holds anything but the leftovers of a run that was killed before it began. */
export async function requireFresh(folder: string): Promise<void> {
  const present = (await readdir(folder).catch(() => [])).filter((name) => name !== LOCK && !isTemporary(name))
  if (present.length > 0) {
    throw new MatcherError(
      'output-exists',
      `${folder} is not empty (${present.slice(0, 3).join(', ')}); add --resume to resume its run, or name another --out.`
    )
  }
}

/** Returns the release. Throws `output-exists` while another process trains in the folder, `storage`. */
export function lockRun(folder: string): Promise<() => Promise<void>> {
  return acquireLock(join(folder, LOCK))
}

/**
 * Creates a run's folder with its `train.json`, locked; returns the lock's release. Throws `storage`, `output-exists`.
 */
export async function createRun(folder: string, { settings, ...rest }: RunDescription): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw storageError('make the folder', folder, cause)
  })
  const release = await lockRun(folder)
  try {
    await requireFresh(folder) // another run may have begun meanwhile
    await removeTemporaries(folder)
    const json = { ...description(rest), config: trainSettingsToJson(settings) }
    await writeFileAtomic(join(folder, DESCRIPTION), `${JSON.stringify(json, null, 2)}\n`)
    return release
  } catch (cause) {
    await release()
    throw cause
  }
}

/** Sets the order of keys in the file. */
function description({
  data,
  columns,
  planned,
  init,
  allowMissing,
  teacher,
  teacherSha256,
  dataset
}: Omit<RunDescription, 'settings'>): object {
  return { data, columns, planned, init, allowMissing, teacher, teacherSha256, dataset }
}

/** Throws `checkpoint-invalid` or `config-invalid`. */
export async function readRun(folder: string): Promise<RunDescription> {
  const path = join(folder, DESCRIPTION)
  const parsed = v.safeParse(runSchema, await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid'))
  if (!parsed.success) throw new MatcherError('checkpoint-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  const { config, ...rest } = parsed.output
  return { ...rest, settings: parseTrainSettings(config, path) }
}

/** Removes the temporary files of a killed run. Throws `storage`. */
export async function tidyRun(folder: string): Promise<void> {
  for (const name of ['last', 'best']) await tidyFolder(join(folder, name))
  await removeTemporaries(folder)
}

/** Content of `last/` besides the network. */
export interface LastCheckpoint {
  readonly assets: Assets
  readonly metrics: CheckpointMetrics
  readonly thresholds: Thresholds
  readonly parity: readonly ParityBatch[]
  readonly state: TrainingState
}

/** Metrics and thresholds of the best epoch so far; `unjudged` before the first. */
export type BestFindings = Pick<LastCheckpoint, 'metrics' | 'thresholds'>

/** Writes `last/`: the raw weights as a checkpoint, and everything that `--resume` needs to continue exactly. */
export async function writeLast(
  folder: string,
  trainer: Trainer,
  { assets, metrics, thresholds, parity, state }: LastCheckpoint
): Promise<void> {
  const { config, variables } = trainer.model
  const names = parameterSpecs(config).map(({ name }) => name)
  const weights = tensorsOf(variables, names)
  await writeCheckpoint(
    join(folder, 'last'),
    { config, assets, weights, metrics, thresholds, parity },
    async (temporary) => {
      await writeWeights(join(temporary, 'ema.safetensors'), tensorsOf(trainer.ema.state()))
      await writeWeights(join(temporary, 'optimizer.safetensors'), tensorsOf(optimizerState(trainer)))
      await writeFile(join(temporary, 'state.json'), `${JSON.stringify(state)}\n`)
    }
  )
}

/** Restores optimizer, averages and auxiliary heads from `last/` and returns the run's state. */
export async function restoreLast(folder: string, trainer: Trainer): Promise<TrainingState> {
  const last = join(folder, 'last')
  const path = join(last, 'state.json')
  const parsed = v.safeParse(stateSchema, await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid'))
  if (!parsed.success) throw new MatcherError('checkpoint-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  for (const [file, variables] of [
    ['ema.safetensors', trainer.ema.state()],
    ['optimizer.safetensors', optimizerState(trainer)]
  ] as const) {
    const shapes = new Map([...variables].map(([name, { shape }]) => [name, shape]))
    readWeights(join(last, file), shapes, (name, values) => variables.get(name)!.assign(values))
  }
  return parsed.output
}

/** Reads them from `last/`. Throws `checkpoint-invalid`. */
export async function restoreFindings(folder: string, tasks: readonly TaskSpec[]): Promise<BestFindings> {
  const [metrics, thresholds] = ['metrics.json', 'thresholds.json'].map((name) => join(folder, 'last', name)) as [
    string,
    string
  ]
  const json = (path: string): Promise<unknown> => readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  return {
    metrics: parseMetrics(await json(metrics), metrics),
    thresholds: parseThresholds(await json(thresholds), tasks, thresholds)
  }
}

/** True if the folder has a `last/` to resume from; restores one whose writer was killed. */
export async function hasLast(folder: string): Promise<boolean> {
  await recoverFolder(join(folder, 'last'))
  return exists(join(folder, 'last', 'state.json'))
}

/** Adam's moments of every variable, and the auxiliary heads, which are not part of the network. */
function optimizerState(trainer: Trainer): Map<string, Variable> {
  return new Map([...trainer.adam.state(), ...[...trainer.variables].filter(([name]) => name.startsWith('auxiliary.'))])
}
