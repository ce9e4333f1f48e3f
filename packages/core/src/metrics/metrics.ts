import type { AnswerMetrics } from './answer-metrics'
import { kindOf, type TaskSpec } from '../tasks'

/** A labeled pair with the model's score. */
export interface ScoredRow {
  /** Task id. */
  readonly task: number
  readonly label: 0 | 1
  /** P(match), in [0, 1]. */
  readonly score: number
  /** The class at some threshold, or the one with the larger logit. */
  readonly predicted: 0 | 1
}

/** Counts and ratios of the positive class; a ratio is NaN if it is 0/0. */
export interface ClassMetrics {
  readonly pairs: number
  readonly f1: number
  readonly precision: number
  readonly recall: number
}

/** With the area under the ROC curve (NaN without both classes). */
export interface TaskMetrics extends ClassMetrics {
  readonly auc: number
  /** The threshold of F1, precision, recall and accuracy; absent in older files, where it is 0.5 (the larger logit). */
  readonly threshold?: number | undefined
  /** Share of the pairs whose class is right; absent in older files. */
  readonly accuracy?: number | undefined
}

/** By task and group name; `mean` is the competition's score. */
export interface Metrics {
  /** Mean of the groups' pooled F1, over the groups that have a positive row; NaN if none has. */
  readonly mean: number
  readonly groups: Readonly<Record<string, ClassMetrics>>
  /** Of match tasks. */
  readonly tasks: Readonly<Record<string, TaskMetrics>>
  /** Of tasks with labels or a score; absent where there is none. */
  readonly answers?: Readonly<Record<string, AnswerMetrics>>
}

/** By task: a match task's threshold, or a threshold for each label of a task of which any may hold. Other tasks have none. */
export type Thresholds = Readonly<Record<string, number | Readonly<Record<string, number>>>>

/** How good metrics are of each task, by name: a task's own score, which for a match task is the mean of F1 and AUC. */
export function ownScores({ tasks, answers = {} }: Metrics): Record<string, number> {
  return Object.fromEntries([
    ...Object.entries(tasks).map(([name, { f1, auc }]) => [name, meanOfNumbers([f1, auc])] as const),
    ...Object.entries(answers).map(([name, { score }]) => [name, score] as const)
  ])
}

/** Minimum rows of a task for choosing its threshold. */
export const MIN_THRESHOLD_ROWS = 50

/** The class with the larger value, 0 for a tie, like the reference's argmax (bojone/sohu2021-baseline, `evaluate`). */
export function argmaxLabel(values: ArrayLike<number>): 0 | 1 {
  return values[1]! > values[0]! ? 1 : 0
}

/** Of the positive class over all rows together. */
export function classMetrics(rows: readonly ScoredRow[]): ClassMetrics {
  let hits = 0
  let predicted = 0
  let positive = 0
  for (const row of rows) {
    hits += row.predicted & row.label
    predicted += row.predicted
    positive += row.label
  }
  return {
    pairs: rows.length,
    f1: (2 * hits) / (predicted + positive),
    precision: hits / predicted,
    recall: hits / positive
  }
}

/** Of every task and group that has rows, by each row's `predicted`. */
export function evaluateRows(rows: readonly ScoredRow[], tasks: readonly TaskSpec[]): Metrics {
  const named = tasks
    .map((task) => ({ task, rows: rows.filter((row) => row.task === task.id) }))
    .filter((entry) => entry.rows.length > 0)
  const groups = [...new Set(named.map(({ task }) => task.group))].map(
    (group) =>
      [group, classMetrics(named.filter(({ task }) => task.group === group).flatMap((entry) => entry.rows))] as const
  )
  return {
    mean: meanOfNumbers(groups.filter(([, { recall }]) => !Number.isNaN(recall)).map(([, { f1 }]) => f1)),
    groups: Object.fromEntries(groups),
    tasks: Object.fromEntries(named.map(({ task, rows }) => [task.name, taskMetrics(rows)]))
  }
}

function taskMetrics(rows: readonly ScoredRow[]): TaskMetrics {
  const right = rows.filter(({ label, predicted }) => label === predicted)
  return { ...classMetrics(rows), auc: auc(rows), accuracy: right.length / rows.length }
}

/** A match task's threshold, 0.5 where it has none. */
export function thresholdOf(thresholds: Thresholds, task: string): number {
  const own = Object.hasOwn(thresholds, task) ? thresholds[task] : undefined
  return typeof own === 'number' ? own : 0.5
}

/** The thresholds of a task's labels, in their order; 0.5 where one has none. */
export function labelThresholdsOf(thresholds: Thresholds, { name, labels = [] }: Omit<TaskSpec, 'id'>): number[] {
  const own = Object.hasOwn(thresholds, name) ? thresholds[name] : undefined
  return labels.map((label) => (typeof own === 'object' && Object.hasOwn(own, label) ? own[label]! : 0.5))
}

/** The rows with `predicted` at each task's threshold. */
export function atThresholds<Row extends ScoredRow>(
  rows: readonly Row[],
  tasks: readonly TaskSpec[],
  thresholds: Thresholds
): Row[] {
  return rows.map((row) => ({ ...row, predicted: row.score > thresholdOf(thresholds, tasks[row.task]!.name) ? 1 : 0 }))
}

/** `evaluateRows` at each task's threshold, which is included. */
export function evaluateAt(rows: readonly ScoredRow[], tasks: readonly TaskSpec[], thresholds: Thresholds): Metrics {
  const metrics = evaluateRows(atThresholds(rows, tasks, thresholds), tasks)
  return {
    ...metrics,
    tasks: Object.fromEntries(
      Object.entries(metrics.tasks).map(([name, task]) => [name, { ...task, threshold: thresholdOf(thresholds, name) }])
    )
  }
}

/** Skips NaN; NaN if nothing is left. */
export function meanOfNumbers(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value))
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}

/** Area under the ROC curve by ranks, ties sharing their mean rank; NaN without both classes. */
export function auc(rows: readonly Pick<ScoredRow, 'label' | 'score'>[]): number {
  const sorted = [...rows].sort((one, other) => one.score - other.score)
  const positives = sorted.reduce((sum, row) => sum + row.label, 0)
  let rankSum = 0
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    let hits = 0
    for (; end < sorted.length && sorted[end]!.score === sorted[start]!.score; end++) hits += sorted[end]!.label
    rankSum += hits * ((start + 1 + end) / 2) // ranks start + 1 .. end
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (sorted.length - positives))
}

/** Half-width of the range of cuts over which F1 is averaged, as a share of the rarer class. */
const STRETCH = 1 / 8

/**
 * The threshold of `score > threshold` in the middle of the range of cuts with the largest mean F1: F1 at a cut is
 * averaged with its neighbors, on each side as many rows as an eighth of the rarer class. The single best cut of a few
 * hundred rows is a spike that other pairs, or the same ones after quantization, do not have. Midway between
 * neighboring scores (0 below the lowest); equal scores stay together. 0.5 for fewer than 50 rows or without a positive
 * one.
 */
export function chooseThreshold(rows: readonly Pick<ScoredRow, 'label' | 'score'>[]): number {
  const sorted = [...rows].sort((one, other) => other.score - one.score)
  const positives = sorted.reduce((sum, row) => sum + row.label, 0)
  if (sorted.length < MIN_THRESHOLD_ROWS || positives === 0) return 0.5
  const sums = [0] // of F1 over the first cuts
  for (const f1 of f1AtCuts(sorted, positives)) sums.push(sums.at(-1)! + f1)
  const width = Math.round(STRETCH * Math.min(positives, sorted.length - positives))
  let best = { f1: -1, threshold: 0.5 }
  sorted.forEach(({ score }, index) => {
    const next = sorted[index + 1]?.score ?? 0
    if (next === score) return
    const [from, to] = [Math.max(0, index - width), Math.min(sorted.length, index + width + 1)]
    const mean = (sums[to]! - sums[from]!) / (to - from)
    if (mean > best.f1) best = { f1: mean, threshold: (score + next) / 2 }
  })
  return best.threshold
}

/** F1 with the first i + 1 rows predicted positive, for every i; the hits of equal scores are spread evenly. */
function f1AtCuts(sorted: readonly Pick<ScoredRow, 'label' | 'score'>[], positives: number): Float64Array {
  const f1 = new Float64Array(sorted.length)
  let before = 0
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    let hits = 0
    for (; end < sorted.length && sorted[end]!.score === sorted[start]!.score; end++) hits += sorted[end]!.label
    for (let i = start; i < end; i++)
      f1[i] = (2 * (before + (hits * (i + 1 - start)) / (end - start))) / (i + 1 + positives)
    before += hits
  }
  return f1
}

/** By task name; 0.5 for a task without enough rows. */
export function chooseThresholds(rows: readonly ScoredRow[], tasks: readonly TaskSpec[]): Record<string, number> {
  return Object.fromEntries(
    tasks
      .filter((task) => kindOf(task) === 'match')
      .map((task) => [task.name, chooseThreshold(rows.filter((row) => row.task === task.id))])
  )
}
