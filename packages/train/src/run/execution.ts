import { dirname, join } from 'node:path'
import type { CheckpointMetrics } from '@sohu-match/core'
import type { TaskMatch } from '../checkpoint/tasks-by-name'
import { trainSettingsToJson, type TrainSettings } from '../config'
import { pairLengths } from '../data/encode'
import { parameterCount } from '../initialization/parameters'
import type { LoadSummary } from '../pretrained/plan'
import { writeRunReport } from '../report/run-files'
import type { StepReport } from '../step/loss-meter'
import { disposeModel, Trainer } from '../step/trainer'
import { projection, requireVectors, type RunTeacher } from '../teacher/of-run'
import type { TeacherTargets } from '../teacher/targets'
import { sizedSettings, type SizedSettings } from './batch-size'
import { CheckpointWriter } from './checkpoint-writer'
import { epochPlans, FRESH_STATE, isFinished, trainLoop, type EpochReport, type TrainingState } from './loop'
import type { Without } from './machine'
import { logMetrics, rewindMetrics } from './metrics-log'
import type { Prepared, PrepareProgress } from './prepare'
import type { BestFindings } from './run-folder'

export interface RunHooks {
  readonly onPrepare?: PrepareProgress
  readonly onReady?: (ready: RunReady) => void
  readonly onStep?: (report: StepReport) => void
  readonly onEvaluation?: (done: number, total: number) => void
  readonly onEpoch?: (report: EpochReport) => void
  /** Return true to stop the run: it finishes its step and writes `last/`. */
  readonly stopping?: () => boolean
}

export interface RunReady extends Without {
  readonly parameters: number
  readonly vocabulary: number
  readonly trainPairs: number
  readonly validPairs: number
  /** Tasks and splits that the data folder lacks. */
  readonly missing: readonly string[]
  /** Columns that were guessed, splits that were made. */
  readonly notes: readonly string[]
  readonly resumedAt: TrainingState
  /** What was loaded, if the run starts from public weights. */
  readonly taken?: LoadSummary
  /** Tasks that the checkpoint of `--init` knew and did not know. */
  readonly match?: TaskMatch
}

/** A run that ended: after its last epoch, after `patience` epochs in a row without a better score, or on request. */
export interface RunResult {
  readonly finished: boolean
  readonly ended: 'epochs' | 'patience' | 'stopped'
  readonly state: TrainingState
  /** Metrics of the best epoch, at its thresholds; absent while no epoch could be scored. */
  readonly best?: CheckpointMetrics
}

/** A run that is ready to continue from `state`. */
interface Execution {
  readonly out: string
  readonly settings: SizedSettings
  readonly prepared: Prepared
  readonly trainer: Trainer
  readonly teacher: RunTeacher | undefined
  readonly state: TrainingState
  readonly findings: BestFindings
  readonly without: Without
}

/** Trains from `state` to the end, or until it is stopped. */
export async function execute(
  { out, settings, prepared, trainer, teacher, state, findings, without }: Execution,
  hooks: RunHooks
): Promise<RunResult> {
  const targets = teacher && (await targetsOf(teacher, settings, prepared, hooks))
  await rewindMetrics(out, state.step)
  hooks.onReady?.({ ...readiness(prepared, state), ...without })
  const writer = new CheckpointWriter(out, prepared, trainer, findings)
  const report = (): Promise<void> => writeRunReport(out, reportSource(settings, prepared))
  if (state !== FRESH_STATE) await report() // the process may have been killed between an epoch's checkpoint and its report
  const final = await trainLoop(
    settings,
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
  const finished = isFinished(settings, final)
  return {
    finished,
    ended: !finished ? 'stopped' : final.epoch >= settings.epochs ? 'epochs' : 'patience',
    state: final,
    ...(final.best !== undefined && { best: writer.findings.metrics })
  }
}

export function preparation(out: string, { onPrepare }: RunHooks) {
  return { cache: join(dirname(out), '.cache'), ...(onPrepare && { onProgress: onPrepare }) }
}

/** Creates a run's trainer, resolves its batch size, and frees trainer and teacher after use. */
export async function withTrainer<T>(
  settings: TrainSettings,
  prepared: Prepared,
  opening: Promise<RunTeacher> | undefined,
  use: (trainer: Trainer, settings: SizedSettings, teacher: RunTeacher | undefined) => Promise<T>
): Promise<T> {
  let [trainer, teacher]: [Trainer?, RunTeacher?] = []
  try {
    teacher = await opening
    if (teacher) {
      requireVectors(settings, teacher, prepared.config)
      for (const [name, variable] of projection(settings, teacher, prepared.config))
        prepared.variables.set(name, variable)
    }
    trainer = new Trainer(settings, prepared.config, prepared.variables)
    const longest = pairLengths(prepared.pairs.train).reduce((a, b) => Math.max(a, b), 1)
    return await use(trainer, sizedSettings(settings, trainer.model, longest), teacher)
  } finally {
    await teacher?.dispose()
    if (trainer) trainer.dispose()
    else disposeModel(prepared)
  }
}

/** The teacher's outputs for all pairs that the run will show. Frees the teacher's weights. */
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
    parameters: parameterCount(config),
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

function reportSource(settings: TrainSettings, { config, pairs: { valid }, validExamples, tokenizer }: Prepared) {
  return {
    tasks: config.tasks,
    pairs: validExamples,
    tokens: pairLengths(valid),
    words: tokenizer.words,
    config: trainSettingsToJson(settings)
  }
}
