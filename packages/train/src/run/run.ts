import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { elementCount, parameterSpecs, parseModelConfig, type CheckpointMetrics, type TaskSpec } from '@sohu-match/core'
import { readJson } from '@sohu-match/node'
import { sizedSettings, type SizedSettings } from './batch-size'
import { writeCheckpoint } from '../checkpoint/checkpoint'
import { trainSettingsToJson, type TrainSettings } from '../config'
import { pairLengths } from '../data/encode'
import {
  epochPlans,
  FRESH_STATE,
  isFinished,
  trainLoop,
  type BestEpoch,
  type EpochReport,
  type StepReport,
  type TrainingState
} from './loop'
import { parityBatches, parityInputs } from '../checkpoint/parity'
import { prepare, type Prepared, type PrepareProgress } from './prepare'
import type { LoadSummary } from '../pretrained/plan'
import { VALID_SCORES, writeRunReport } from '../report/run-files'
import { requireSameDataset } from '../data/fingerprint'
import { selectionScore } from '../evaluate/selection'
import type { TaskMatch } from '../checkpoint/tasks-by-name'
import { fitToMachine, withoutKernels, type Without } from './machine'
import { logMetrics, rewindMetrics } from './metrics-log'
import type { RunSource } from './source'
import {
  beginTeaching,
  projection,
  requireTeaching,
  requireVectors,
  resumeTeaching,
  type RunTeacher
} from '../teacher/of-run'
import type { TeacherTargets } from '../teacher/targets'
import {
  createRun,
  hasLast,
  lockRun,
  readRun,
  requireFresh,
  restoreFindings,
  restoreLast,
  tidyRun,
  writeLast,
  type BestFindings
} from './run-folder'
import { disposeModel, Trainer } from '../step/trainer'

/** A run to begin. */
export interface NewRun extends RunSource {
  readonly out: string
  readonly config: TrainSettings
}

/** Events of a run; the library itself prints nothing. */
export interface RunHooks {
  readonly onPrepare?: PrepareProgress
  readonly onReady?: (ready: RunReady) => void
  readonly onStep?: (report: StepReport) => void
  readonly onEvaluation?: (done: number, total: number) => void
  readonly onEpoch?: (report: EpochReport) => void
  /** True once the run is to stop: it finishes its step and writes `last/`. */
  readonly stopping?: () => boolean
}

/** Facts about a run that is ready to go. */
export interface RunReady extends Without {
  readonly parameters: number
  readonly vocabulary: number
  readonly trainPairs: number
  readonly validPairs: number
  /** What the data folder lacks. */
  readonly missing: readonly string[]
  /** What was guessed of the data or made of it: columns, splits. */
  readonly notes: readonly string[]
  readonly resumedAt: TrainingState
  /** What public weights gave, where the run starts from them. */
  readonly taken?: LoadSummary
  /** Which tasks the checkpoint of `--init` knew. */
  readonly match?: TaskMatch
}

/** How a run ended: after its last epoch, when `patience` epochs in a row were no better, or stopped on request. */
export interface RunResult {
  readonly finished: boolean
  readonly ended: 'epochs' | 'patience' | 'stopped'
  readonly state: TrainingState
  /** Metrics of the best epoch, at its thresholds; absent while no epoch could be scored. */
  readonly best?: CheckpointMetrics
}

/** Trains a new run into `out`. Throws coded errors; nothing is written before data and configuration are found good. */
export async function startRun(run: NewRun, hooks: RunHooks = {}): Promise<RunResult> {
  const { out } = run
  await requireFresh(out)
  requireTeaching(run.config, run.teacher)
  const { config, without } = fitToMachine(run.config)
  const onReady = (ready: RunReady): void => hooks.onReady?.({ ...ready, ...without })
  const prepared = await prepare(config, run, preparation(out, hooks))
  const opening = run.teacher === undefined ? undefined : beginTeaching(run.teacher, prepared.config.tasks, out)
  return withTrainer(config, prepared, opening, async (trainer, sized, teacher) => {
    const source = { ...run, ...(teacher && { teacherSha256: teacher.sha256 }) }
    const release = await createRun(out, { ...source, dataset: prepared.description, config: sized })
    try {
      const findings = nothingFound(prepared.config.tasks)
      return await execute(
        { out, config: sized, prepared, trainer, state: FRESH_STATE, findings, teacher },
        { ...hooks, onReady }
      )
    } finally {
      await release()
    }
  })
}

/**
 * Resumes the run in `out` from its `last/` (from the beginning if it has none yet), exactly as if it had not been interrupted. Throws
 * `data-invalid` when its data has changed, `output-exists` while another process trains in `out`.
 */
export async function resumeRun(out: string, hooks: RunHooks = {}): Promise<RunResult> {
  const run = await readRun(out)
  const release = await lockRun(out)
  try {
    await tidyRun(out)
    const last = (await hasLast(out)) ? join(out, 'last') : undefined
    const known = run.dataset ?? (last === undefined ? undefined : { tasks: await checkpointTasks(last) })
    const { init, allowMissing, ...source } = run
    const start =
      last === undefined
        ? { ...source, ...(init !== undefined && { init }), ...(allowMissing && { allowMissing }) }
        : { ...source, init: last }
    const prepared = await prepare(run.config, start, {
      ...preparation(out, hooks),
      onData: (description) => requireSameDataset(run.data, out, known, description)
    })
    const { tasks } = prepared.config
    const opening =
      run.teacher === undefined ? undefined : resumeTeaching(run.teacher, run.teacherSha256 ?? '', tasks, out)
    return await withTrainer(run.config, prepared, opening, async (trainer, config, teacher) => {
      const findings = last === undefined ? nothingFound(tasks) : await restoreFindings(out, tasks)
      const state = last === undefined ? FRESH_STATE : comparable(await restoreLast(out, trainer), findings)
      const onReady = (ready: RunReady): void => hooks.onReady?.({ ...ready, ...withoutKernels(config) })
      return execute({ out, config, prepared, trainer, state, findings, teacher }, { ...hooks, onReady })
    })
  } finally {
    await release()
  }
}

/** A run that is ready to go from `state`. */
interface Execution {
  readonly out: string
  readonly config: SizedSettings
  readonly prepared: Prepared
  readonly trainer: Trainer
  readonly state: TrainingState
  readonly findings: BestFindings
  readonly teacher: RunTeacher | undefined
}

async function execute(
  { out, config, prepared, trainer, state, findings, teacher }: Execution,
  hooks: RunHooks
): Promise<RunResult> {
  const targets = teacher && (await targetsOf(teacher, config, prepared, hooks))
  await rewindMetrics(out, state.step)
  hooks.onReady?.(readiness(prepared, state))
  const writer = new CheckpointWriter(out, prepared, trainer, findings)
  const report = (): Promise<void> => writeRunReport(out, reportSource(config, prepared))
  if (state !== FRESH_STATE) await report() // a kill may have come between an epoch's checkpoint and its report
  const final = await trainLoop(
    config,
    prepared,
    trainer,
    state,
    {
      onStep: (report) => hooks.onStep?.(report),
      onEvaluation: (done, total) => hooks.onEvaluation?.(done, total),
      onEpoch: (report) => hooks.onEpoch?.(report),
      stopping: () => hooks.stopping?.() ?? false,
      log: (line) => logMetrics(out, line),
      save: async (state, best) => {
        await writer.save(state, best)
        if (state.position === 0) await report()
      }
    },
    targets
  )
  const finished = isFinished(config, final)
  return {
    finished,
    ended: !finished ? 'stopped' : final.epoch >= config.epochs ? 'epochs' : 'patience',
    state: final,
    ...(final.best > 0 && { best: writer.findings.metrics })
  }
}

function preparation(out: string, { onPrepare }: RunHooks) {
  return { cache: join(dirname(out), '.cache'), ...(onPrepare && { onProgress: onPrepare }) }
}

/** Makes the trainer of a run, with the size of its batches settled, and frees it and the teacher after use. */
async function withTrainer<T>(
  config: TrainSettings,
  prepared: Prepared,
  opening: Promise<RunTeacher> | undefined,
  use: (trainer: Trainer, config: SizedSettings, teacher: RunTeacher | undefined) => Promise<T>
): Promise<T> {
  let [trainer, teacher]: [Trainer?, RunTeacher?] = []
  try {
    teacher = await opening
    if (teacher) {
      requireVectors(config, teacher, prepared.config)
      for (const [name, variable] of projection(config, teacher, prepared.config))
        prepared.variables.set(name, variable)
    }
    trainer = new Trainer(config, prepared.config, prepared.variables)
    const longest = pairLengths(prepared.pairs.train).reduce((a, b) => Math.max(a, b), 1)
    return await use(trainer, sizedSettings(config, trainer.model, longest), teacher)
  } finally {
    await teacher?.dispose()
    if (trainer) trainer.dispose()
    else disposeModel(prepared)
  }
}

/** What the teacher says of the pairs that the run will show; its weights are freed then. */
async function targetsOf(
  teacher: RunTeacher,
  settings: SizedSettings,
  prepared: Prepared,
  { onPrepare }: RunHooks
): Promise<TeacherTargets> {
  const shown = new Set(epochPlans(settings, prepared).flatMap(({ batches }) => batches.flatMap((batch) => [...batch])))
  const targets = await teacher.targets(
    {
      examples: prepared.trainExamples!,
      tasks: prepared.config.tasks,
      shown: Int32Array.from(shown).sort(),
      vectors: settings.distillTargets !== 'scores'
    },
    (done, total) => onPrepare?.('teacher', done, total)
  )
  await teacher.dispose()
  return targets
}

function readiness(
  { config, pairs: { train, valid }, missing, notes, taken, match }: Prepared,
  resumedAt: TrainingState
): RunReady {
  return {
    parameters: parameterSpecs(config).reduce((sum, { shape }) => sum + elementCount(shape), 0),
    vocabulary: config.vocabSize,
    trainPairs: train.labels.length,
    validPairs: valid.labels.length,
    missing,
    notes,
    resumedAt,
    ...(taken && { taken }),
    ...(match && { match })
  }
}

async function checkpointTasks(folder: string): Promise<string[]> {
  const path = join(folder, 'config.json')
  const json = await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  return parseModelConfig(json, path).tasks.map(({ name }) => name)
}

/** A state's best score by today's measure: runs of before kept F1 at 0.5, and their metrics name no threshold. */
function comparable(state: TrainingState, { metrics }: BestFindings): TrainingState {
  const old = state.best > 0 && Object.values(metrics.tasks).some(({ threshold }) => threshold === undefined)
  return old ? { ...state, best: selectionScore(metrics) || 0 } : state
}

function reportSource(settings: TrainSettings, { config, pairs: { valid }, validExamples, tokenizer }: Prepared) {
  return {
    tasks: config.tasks,
    pairs: validExamples,
    tokens: pairLengths(valid),
    words: tokenizer.words,
    config: trainSettingsToJson(settings)
  }
}

/** Findings before the first epoch that could be scored. */
function nothingFound(tasks: readonly TaskSpec[]): BestFindings {
  return {
    metrics: { mean: NaN, groups: {}, tasks: {} },
    thresholds: Object.fromEntries(tasks.map(({ name }) => [name, 0.5]))
  }
}

/** Writes a run's checkpoints: `best/` with the averaged weights, `last/` with the raw ones and the optimizer. */
class CheckpointWriter {
  private readonly inputs

  constructor(
    private readonly out: string,
    private readonly prepared: Prepared,
    private readonly trainer: Trainer,
    public findings: BestFindings
  ) {
    const {
      config,
      pairs: { valid }
    } = prepared
    this.inputs = parityInputs(valid, config)
  }

  async save(state: TrainingState, best?: BestEpoch): Promise<void> {
    const {
      trainer,
      inputs,
      prepared: { assets }
    } = this
    if (best) {
      this.findings = { metrics: best.metrics, thresholds: best.thresholds }
      await this.saveBest(state, best)
    }
    await writeLast(this.out, trainer, {
      assets,
      ...this.findings,
      parity: parityBatches(trainer.model, inputs),
      state
    })
  }

  private async saveBest({ step }: TrainingState, { metrics, thresholds, scores }: BestEpoch): Promise<void> {
    const averaged = this.trainer.averagedModel(step)
    try {
      const weights = [...averaged.variables].map(([name, variable]) => ({
        name,
        shape: variable.shape,
        read: () => variable.values()
      }))
      const { config, assets } = this.prepared
      const parity = parityBatches(averaged, this.inputs)
      await writeCheckpoint(
        join(this.out, 'best'),
        { config, assets, weights, metrics, thresholds, parity },
        (temporary) => writeFile(join(temporary, VALID_SCORES), `${JSON.stringify({ scores })}\n`)
      )
    } finally {
      disposeModel(averaged)
    }
  }
}
