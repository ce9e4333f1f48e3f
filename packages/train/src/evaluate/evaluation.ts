import {
  atThresholds,
  auc,
  classMetrics,
  evaluateAll,
  meanOfNumbers,
  ownScoreOf,
  thresholdOf,
  type AnswerRow,
  type ClassMetrics,
  type Metrics,
  type ScoredRow,
  type TaskSpec,
  type Thresholds
} from '@sohu-match/core'
import { interval, meanOf, resampleRows, resampleTasks, type Interval } from './bootstrap'
import { calibration, type Calibration } from './calibration'

/** A scored pair with the number of its tokens. */
export interface EvaluatedRow extends ScoredRow {
  readonly tokens: number
}

/** Metrics of the pairs of one task in one range of lengths. */
export interface LengthFigures extends ClassMetrics {
  /** Tokens of the shortest and the longest pair. */
  readonly from: number
  readonly to: number
  readonly auc: number
}

export interface TaskEvaluation {
  readonly threshold: number
  readonly f1: Interval
  /** At the threshold. */
  readonly accuracy: number
  readonly auc: Interval
  readonly calibration: Calibration
  readonly byLength: readonly LengthFigures[]
}

export interface Evaluation {
  /** At the thresholds. */
  readonly metrics: Metrics
  readonly tasks: Readonly<Record<string, TaskEvaluation>>
  /** Means over the tasks that have a positive pair. */
  readonly meanF1: Interval
  readonly meanAuc: Interval
  /** Own scores of the tasks with labels or a score; absent where there is none. Their metrics are in `metrics.answers`. */
  readonly answers?: Readonly<Record<string, Interval>>
}

/** Options of `evaluation`. */
export interface EvaluationOptions {
  readonly seed?: number
  readonly resamplings?: number
  /** The rows of tasks with labels or a score. */
  readonly answers?: readonly AnswerRow[]
}

/** Number of ranges of length with equally many pairs. */
const LENGTH_PARTS = 4

/**
 * Metrics at thresholds chosen elsewhere (on valid): per task F1 and AUC with bootstrap 95 % intervals, calibration and
 * metrics by length; deterministic in the seed. Pairs are treated as independent: intervals are too narrow if pairs
 * share articles.
 */
export function evaluation(
  rows: readonly EvaluatedRow[],
  tasks: readonly TaskSpec[],
  thresholds: Thresholds,
  { seed = 0, resamplings, answers = [] }: EvaluationOptions = {}
): Evaluation {
  const labelled = atThresholds(rows, tasks, thresholds)
  const metrics = evaluateAll({ rows, answers }, tasks, thresholds)
  const byTask = new Map(
    Object.keys(metrics.tasks).map((name) => [name, labelled.filter((row) => tasks[row.task]!.name === name)])
  )
  const resampled = resampleTasks(byTask, seed, resamplings)
  const mean = (figure: 'f1' | 'auc') => {
    const counted = Object.entries(metrics.tasks).filter(([, task]) => !Number.isNaN(task.recall + task[figure]))
    return interval(
      meanOfNumbers(counted.map(([, task]) => task[figure])),
      meanOf(counted.map(([name]) => resampled.get(name)![figure]))
    )
  }
  return {
    metrics,
    tasks: Object.fromEntries(
      [...byTask].map(([name, of]) => [
        name,
        {
          threshold: thresholdOf(thresholds, name),
          f1: interval(metrics.tasks[name]!.f1, resampled.get(name)!.f1),
          accuracy: metrics.tasks[name]!.accuracy!,
          auc: interval(metrics.tasks[name]!.auc, resampled.get(name)!.auc),
          calibration: calibration(of),
          byLength: figuresByLength(of)
        }
      ])
    ),
    meanF1: mean('f1'),
    meanAuc: mean('auc'),
    ...(metrics.answers && {
      answers: ownScoreIntervals(metrics.answers, answers, tasks, thresholds, { seed, resamplings })
    })
  }
}

function ownScoreIntervals(
  metrics: NonNullable<Metrics['answers']>,
  answers: readonly AnswerRow[],
  tasks: readonly TaskSpec[],
  thresholds: Thresholds,
  { seed, resamplings }: { readonly seed: number; readonly resamplings: number | undefined }
): Record<string, Interval> {
  const named = tasks.filter(({ name }) => Object.hasOwn(metrics, name))
  return Object.fromEntries(
    named.map((task) => {
      const own = answers.filter((row) => row.task === task.id)
      const scoreOf = (drawn: readonly AnswerRow[]): number => ownScoreOf(drawn, task, thresholds)
      return [task.name, interval(metrics[task.name]!.score, resampleRows(own, scoreOf, seed, task.name, resamplings))]
    })
  )
}

/** From the shortest pairs to the longest. */
export function figuresByLength(rows: readonly EvaluatedRow[], parts = LENGTH_PARTS): LengthFigures[] {
  const sorted = [...rows].sort((one, other) => one.tokens - other.tokens)
  return Array.from({ length: parts }, (_, i) =>
    sorted.slice(Math.floor((i * sorted.length) / parts), Math.floor(((i + 1) * sorted.length) / parts))
  )
    .filter((part) => part.length > 0)
    .map((part) => ({ from: part[0]!.tokens, to: part.at(-1)!.tokens, ...classMetrics(part), auc: auc(part) }))
}
