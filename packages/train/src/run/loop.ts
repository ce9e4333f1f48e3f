import {
  chooseAllThresholds,
  evaluateAll,
  type CheckpointMetrics,
  type Metrics,
  type ScoredRow,
  type Thresholds
} from '@sohu-match/core'
import type { SizedSettings } from './batch-size'
import type { TrainSettings } from '../config'
import type { BatchCounts } from '../data/batch'
import { planEpoch, type EpochPlan } from '../data/buckets'
import { pairLengths } from '../data/encode'
import { mineNegatives } from '../evaluate/mine'
import { evaluationRows, networkOf, predictPairs } from '../evaluate/predict'
import { selectionScore } from '../evaluate/selection'
import { lossMeter, REPORT_STEPS, type StepReport } from '../step/loss-meter'
import { microBatches, textBatches, type BatchMaker } from '../step/micro-batches'
import { learningRateAt } from '../optimizer/schedule'
import type { Prepared } from './prepare'
import type { TeacherTargets } from '../teacher/targets'
import { disposeModel, type MicroBatch, type Trainer } from '../step/trainer'

/** Position of a run: `step` updates are done, the next batch is number `position` of `epoch` (both from 0). */
export interface TrainingState {
  readonly step: number
  readonly epoch: number
  readonly position: number
  /** The best `selectionScore` on the valid split so far; absent before the first. */
  readonly best?: number
  /** Epochs since the best one. */
  readonly stale: number
  /** Negatives of this epoch, as returned by `mineNegatives`. */
  readonly mined?: readonly number[] | undefined
}

export const FRESH_STATE: TrainingState = { step: 0, epoch: 0, position: 0, stale: 0 }

/** The best epoch so far; `scores` are of the valid pairs, in their order. */
export interface BestEpoch {
  readonly metrics: CheckpointMetrics
  readonly thresholds: Thresholds
  /** Of the pairs of match tasks. */
  readonly scores: readonly number[]
  /** Outputs for the valid rows of other tasks, in their order; absent if there are none. */
  readonly answers?: readonly (readonly number[])[]
}

/** True after the last epoch, or after `patience` epochs in a row without a better score. */
export function isFinished(
  { epochs, patience }: Pick<TrainSettings, 'epochs' | 'patience'>,
  { epoch, stale }: TrainingState
): boolean {
  return epoch >= epochs || (patience > 0 && stale >= patience)
}

/** Metrics of the averaged weights on the valid split, at thresholds chosen on it. */
export interface EpochReport {
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly metrics: Metrics
  readonly improved: boolean
  readonly rows: readonly ScoredRow[]
}

/** All writes happen in `save`. */
export interface LoopHooks {
  readonly onStep: (report: StepReport) => void
  readonly onEvaluation: (done: number, total: number) => void
  readonly onEpoch: (report: EpochReport) => void
  /** Appends a line to the run's log. */
  readonly log: (line: { type: string; step: number } & Record<string, unknown>) => Promise<void>
  /** Writes `last/`; for a new best also `best/`. */
  readonly save: (state: TrainingState, best?: BestEpoch) => Promise<void>
  /** Return true to stop after the current step. */
  readonly stopping: () => boolean
}

/** Returns the state at the end or when `stopping`. Throws `config-invalid` if the loss is no longer a number. */
export async function trainLoop(
  settings: SizedSettings,
  prepared: Prepared,
  trainer: Trainer,
  state: TrainingState,
  hooks: LoopHooks,
  teacher?: TeacherTargets
): Promise<TrainingState> {
  const plans = epochPlans(settings, prepared)
  const steps = plans.reduce((sum, plan) => sum + plan.batches.length, 0)
  const batchOf: BatchMaker<MicroBatch & BatchCounts> =
    prepared.config.architecture === 'bi-encoder'
      ? textBatches(settings, prepared, teacher)
      : microBatches(settings, prepared, teacher)
  let now = state
  while (!isFinished(settings, now)) {
    const { epoch } = now
    const plan = plans[epoch]!
    const meter = lossMeter(steps, settings.epochs, 'the training')
    for (let { position } = now; position < plan.batches.length; position++) {
      const batches = batchOf(plan.batches[position]!, epoch, plan.pairWeight, now.mined)
      const step = now.step + 1
      const learningRate = learningRateAt(step, steps, settings)
      const pairs = batches.reduce((sum, batch) => sum + batch.pairs, 0)
      meter.add(trainer.step(batches, learningRate, step), batches, pairs, plan.pairWeight && 1 / plan.pairWeight)
      const last = position + 1 === plan.batches.length
      if (step % REPORT_STEPS === 0 || last) {
        const report = meter.report(step, epoch, learningRate)
        hooks.onStep(report)
        await hooks.log({ type: 'step', ...report })
      } else await nextTurn()
      now = { ...now, step, position: position + 1 }
      if (!last && hooks.stopping()) {
        await hooks.save(now)
        return now
      }
      if (!last && settings.checkpointSteps > 0 && step % settings.checkpointSteps === 0) await hooks.save(now)
    }
    now = await endEpoch(settings, prepared, trainer, now, hooks, plans[epoch + 1])
    if (hooks.stopping()) return now
  }
  return now
}

export function epochPlans(
  settings: SizedSettings,
  { pairs: { train: pairs }, config }: Pick<Prepared, 'pairs' | 'config'>
): EpochPlan[] {
  const lengths = pairLengths(pairs)
  const options =
    settings.batching === 'reference'
      ? ({ batching: 'reference', batchSize: settings.batchPairs } as const)
      : ({
          batching: 'buckets',
          batchTokens: settings.batchTokens,
          maxPairs: settings.batchPairs,
          ...(settings.epochPairs > 0 && { epochPairs: settings.epochPairs }),
          ...(config.architecture === 'bi-encoder' && !settings.mixTasks && { kinds: pairs.taskIds })
        } as const)
  return Array.from({ length: settings.epochs }, (_, epoch) => planEpoch(lengths, options, settings.seed, epoch))
}

/** A strictly better score than all before is the new best (bojone/sohu2021-baseline, `Evaluator`); NaN never is. */
async function endEpoch(
  settings: TrainSettings,
  { pairs: { train, valid }, config }: Prepared,
  trainer: Trainer,
  { step, epoch, best, stale }: TrainingState,
  hooks: LoopHooks,
  following: EpochPlan | undefined
): Promise<TrainingState> {
  const averaged = trainer.averagedModel(step)
  try {
    const { precision, kernels, minedNegatives } = settings
    const network = networkOf(averaged, { precision, kernels })
    const predictions = await predictPairs(averaged, valid, { precision, kernels, onProgress: hooks.onEvaluation })
    const evaluated = evaluationRows(valid, predictions)
    const { rows, answers } = evaluated
    const thresholds = chooseAllThresholds(evaluated, config.tasks)
    const metrics = evaluateAll(evaluated, config.tasks, thresholds)
    const score = selectionScore(metrics)
    const improved = score > (best ?? -Infinity)
    hooks.onEpoch({ epoch, epochs: settings.epochs, step, metrics, improved, rows })
    await hooks.log({ type: 'epoch', step, epoch, improved, ...metrics })
    const counted = {
      step,
      epoch: epoch + 1,
      position: 0,
      ...(improved ? { best: score } : best !== undefined && { best }),
      stale: improved ? 0 : stale + 1
    }
    const mines = minedNegatives > 0 && following && !isFinished(settings, counted)
    const next = mines
      ? { ...counted, mined: await mineNegatives(network, train, following.batches, minedNegatives) }
      : counted
    const found = {
      metrics: { epoch: epoch + 1, step, ...metrics },
      thresholds,
      scores: rows.map(({ score }) => score),
      ...(metrics.answers && { answers: answers.map(({ values }) => values) })
    }
    await hooks.save(next, improved ? found : undefined)
    return next
  } finally {
    disposeModel(averaged)
  }
}

/** Lets signals and timers run between two steps. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
