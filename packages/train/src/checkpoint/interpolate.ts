import {
  chooseAllThresholds,
  chooseThresholds,
  createTokenizer,
  evaluateAll,
  MatcherError,
  parameterSpecs,
  type Metrics,
  type ModelConfig,
  type ScoredRow
} from '@sohu-match/core'
import { CHECKPOINT_FOLDER, outputFolder, readDataset, userPath, type GivenColumns } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import { encodeExamples } from '../data/encode'
import { forTasks } from '../data/for-tasks'
import { evaluationRows, predictPairs } from '../evaluate/predict'
import { carriesCondition } from '../evaluate/read-alike'
import { Variable } from '../optimizer/variable'
import { disposeModel } from '../step/trainer'
import { averageInto } from './average'
import { changeVectors } from './change-vectors'
import { readCheckpoint, writeCheckpoint, type LoadedCheckpoint } from './checkpoint'
import { parityBatches, parityInputs } from './parity'
import { tensorsOf } from './weights-file'

/** A point between the start of trainings and their end. */
export interface InterpolateOptions {
  /** The checkpoint that the training started from. */
  readonly start: string
  /** Trainings from that start; the weights of several are averaged first. */
  readonly checkpoints: readonly string[]
  /** 0 is the start, 1 the checkpoint. */
  readonly share: number
  /** Factor of the condition's effect, by task or by group of tasks; at 0 these tasks read every text alike. Default 1. */
  readonly conditions?: Readonly<Record<string, number>>
  /** Adds this many times the mean vector of the valid texts to every vector; bi-encoders only. Default 0. */
  readonly mean?: number
  /**
   * Multiplies each coordinate of the vectors by its standard deviation over the valid texts to this power; bi-encoders only. Default 0.
   */
  readonly spread?: number
  /** Labelled pairs whose valid split determines thresholds and metrics. */
  readonly data: string
  /** Columns of a file that would otherwise be guessed. */
  readonly columns?: GivenColumns | undefined
  readonly out: string
  /** Move each task's offset, so that its threshold is 0.5; bi-encoders only. */
  readonly center?: boolean
  readonly force?: boolean
}

/**
 * Writes the checkpoint `(1 - share) start + share checkpoint`, weight by weight: fine-tuned weights keep more of what
 * the start knew (Wortsman et al. 2022, arXiv:2109.01903). Several checkpoints are averaged first. The fine-tuned network's condition and score have no
 * counterpart, so they are not mixed; the condition's effect is scaled by `share`, and by the factors of `conditions`. Thresholds are chosen again; with
 * `center` they become 0.5, which keeps every label and makes scores of different tasks comparable. Throws
 * `config-invalid`, `checkpoint-invalid`, `data-invalid`, `output-exists`.
 */
export async function interpolate(
  {
    start,
    checkpoints,
    share,
    conditions = {},
    mean = 0,
    spread = 0,
    data,
    columns,
    out,
    center = false,
    force = false
  }: InterpolateOptions,
  onProgress?: (done: number, total: number) => void
): Promise<Metrics> {
  requireNumbers(share, [...Object.entries(conditions), ['mean', mean], ['spread', spread]])
  const folder = await outputFolder(out, { kind: CHECKPOINT_FOLDER, force, current: userPath('.') })
  const tuned = await readAverage(checkpoints)
  try {
    await mixIn(tuned, start, checkpoints[0]!, share)
    const { model, assets } = tuned
    scaleConditions(model, conditions)
    const { config } = model
    if (center) requireVectors(config, 'has no offset to move; leave --center out')
    const changesVectors = mean !== 0 || spread !== 0
    if (changesVectors) requireVectors(config, 'has no vectors to change; leave --mean and --spread out')
    const { splits } = forTasks(await readDataset(data, ['valid'], { columns }), config.tasks)
    const valid = await encodeExamples(splits.valid, createTokenizer(assets.vocab, assets.dictionary), {
      maxLength: config.maxLength,
      architecture: config.architecture
    })
    if (changesVectors) await changeVectors(model, valid, { mean, spread })
    const scored = evaluationRows(valid, await predictPairs(model, valid, onProgress && { onProgress }))
    const { rows, thresholds } = center
      ? centered(model, scored.rows, chooseThresholds(scored.rows, config.tasks))
      : { rows: scored.rows, thresholds: chooseAllThresholds(scored, config.tasks) }
    const metrics = evaluateAll({ ...scored, rows }, config.tasks, thresholds)
    await writeCheckpoint(folder, {
      config,
      assets,
      weights: tensorsOf(model.variables),
      metrics,
      thresholds,
      parity: parityBatches(model, parityInputs(valid, config))
    })
    return metrics
  } finally {
    disposeModel(tuned.model)
  }
}

/** The first checkpoint, its weights averaged with those of the others. */
async function readAverage([first, ...others]: readonly string[]): Promise<LoadedCheckpoint> {
  if (first === undefined) throw new MatcherError('config-invalid', 'Name a checkpoint to mix with the start.')
  const tuned = await readCheckpoint(first)
  const models: Model[] = []
  try {
    for (const folder of others) {
      const other = await readCheckpoint(folder)
      models.push(other.model)
      requireAlike(other, tuned, folder, first)
      requireSameTasks(other.model.config, tuned.model.config, folder, first)
    }
    if (others.length > 0) averageInto(tuned.model, models)
    return tuned
  } catch (error) {
    disposeModel(tuned.model)
    throw error
  } finally {
    models.forEach(disposeModel)
  }
}

/** Moves the weights of `tuned` towards those of the checkpoint at `start`. */
async function mixIn(tuned: LoadedCheckpoint, start: string, checkpoint: string, share: number): Promise<void> {
  const from = await readCheckpoint(start)
  try {
    requireAlike(from, tuned, start, checkpoint)
    for (const [name, variable] of tuned.model.variables) {
      const mixed = mixture(name, from.model.variables.get(name)!, variable, share)
      if (mixed) variable.assign(mixed)
    }
  } finally {
    disposeModel(from.model)
  }
}

/** A task's condition is its row of `cond_embedding` through linear maps that start at zero, so a factor of the row is one of the effect. */
function scaleConditions({ config, variables }: Model, factors: Readonly<Record<string, number>>): void {
  const { tasks } = config
  const given = (name: string): boolean => Object.hasOwn(factors, name)
  const twice = tasks.find(({ name, group }) => name !== group && given(name) && given(group))
  if (twice)
    throw new MatcherError(
      'config-invalid',
      `The condition of "${twice.name}" has a factor of its own and one of its group "${twice.group}"; leave one out.`
    )
  const embedding = variables.get('cond_embedding')
  for (const [name, factor] of Object.entries(factors)) {
    const numbers = tasks.flatMap((task, i) => (task.name === name || task.group === name ? [i] : []))
    if (numbers.length === 0 || !embedding)
      throw new MatcherError(
        'config-invalid',
        embedding
          ? `The checkpoint has no task or group "${name}"; it has ${[...new Set(tasks.flatMap((task) => [task.name, task.group]))].join(', ')}.`
          : 'The checkpoint has no condition to scale; leave out the factors of conditions.'
      )
    const values = embedding.values()
    const width = values.length / tasks.length
    embedding.assign(values.map((value, i) => (numbers.includes(Math.floor(i / width)) ? factor * value : value)))
  }
}

/** Undefined if the tuned values are kept. */
function mixture(name: string, from: Variable, to: Variable, share: number): Float32Array | undefined {
  if (name === 'cond_embedding' || name.startsWith('score.')) return undefined
  const [a, b] = [from.values(), to.values()]
  if (carriesCondition(name)) return b.map((value) => share * value)
  return b.map((value, i) => (1 - share) * a[i]! + share * value)
}

/**
 * Lowers each task's offset by the log-odds of its threshold, so that a score at the threshold becomes 0.5. Returns the
 * new thresholds, and the rows with the network's new scores: odds over the threshold's odds.
 */
function centered(model: Model, rows: readonly ScoredRow[], thresholds: Readonly<Record<string, number>>) {
  const { tasks } = model.config
  const byId = new Map(tasks.map(({ id, name }) => [id, thresholds[name]!]))
  const offset = model.variables.get('score.offset')!
  const values = offset.values() // [tasks, 1]
  for (const [id, threshold] of byId) values[id]! -= Math.log(threshold / (1 - threshold))
  offset.assign(values)
  return {
    thresholds: Object.fromEntries(tasks.map(({ name }) => [name, 0.5])),
    rows: rows.map((row): ScoredRow => {
      const threshold = byId.get(row.task)!
      const [above, below] = [row.score * (1 - threshold), (1 - row.score) * threshold]
      return { ...row, score: above / (above + below), predicted: above > below ? 1 : 0 }
    })
  }
}

function requireNumbers(share: number, factors: readonly (readonly [string, number])[]): void {
  if (!(share >= 0 && share <= 1))
    throw new MatcherError(
      'config-invalid',
      `The share is ${share}; it must be between 0 (the start) and 1 (the checkpoint).`
    )
  for (const [name, factor] of factors)
    if (!Number.isFinite(factor) || factor < 0)
      throw new MatcherError(
        'config-invalid',
        `The factor of "${name}" is ${factor}; it must be a number of 0 or more.`
      )
}

function requireVectors({ architecture }: ModelConfig, otherwise: string): void {
  if (architecture !== 'bi-encoder')
    throw new MatcherError('config-invalid', `The checkpoint is a cross-encoder, which ${otherwise}.`)
}

function requireAlike(from: LoadedCheckpoint, tuned: LoadedCheckpoint, start: string, checkpoint: string): void {
  const shapes = (model: Model): string =>
    JSON.stringify(parameterSpecs(model.config).map(({ name, shape }) => [name, shape]))
  if (shapes(from.model) !== shapes(tuned.model) || from.assets.vocab !== tuned.assets.vocab) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${start} and ${checkpoint} are not the same network with the same vocabulary; name trainings and the checkpoint that they started from.`
    )
  }
}

function requireSameTasks(other: ModelConfig, first: ModelConfig, folder: string, firstFolder: string): void {
  if (JSON.stringify(other.tasks) === JSON.stringify(first.tasks)) return
  const names = ({ tasks }: ModelConfig): string => tasks.map(({ name }) => name).join(', ')
  throw new MatcherError(
    'checkpoint-invalid',
    `${folder} was trained for ${names(other)} and ${firstFolder} for ${names(first)}; only trainings for the same tasks in the same order can be averaged.`
  )
}
