import { heldLabels } from '../model/answers'
import type { Target } from '../formats/target'
import {
  chooseThreshold,
  chooseThresholds,
  classMetrics,
  evaluateAt,
  labelThresholdsOf,
  meanOfNumbers,
  type ClassMetrics,
  type Metrics,
  type ScoredRow,
  type Thresholds
} from './metrics'
import { kindOf, type TaskSpec } from '../tasks'

/** A labeled text or pair of a task with labels or a score, with the model's answer (`answerValues`). */
export interface AnswerRow {
  readonly task: number
  readonly target: Target
  readonly values: readonly number[]
}

/** Ratios are NaN if they are 0/0. */
export interface LabelMetrics {
  readonly kind: 'one-of' | 'any-of'
  readonly pairs: number
  /** The task's own score, which compares epochs and precisions: macro F1 of one-of tasks, micro F1 of any-of tasks. */
  readonly score: number
  /** The best score of any constant answer: the baseline to beat. */
  readonly baseline: number
  /** Share of the rows whose labels are exactly the predicted ones. */
  readonly accuracy: number
  /** Mean F1 of the labels that occur. */
  readonly macroF1: number
  /** F1 of all (row, label) decisions together; equal to accuracy for one-of tasks. */
  readonly microF1: number
  /** By label; for any-of tasks at its threshold. */
  readonly labels: Readonly<Record<string, OneLabelMetrics>>
}

export interface OneLabelMetrics extends ClassMetrics {
  /** Rows with the label. */
  readonly positives: number
  /** Of any-of tasks. */
  readonly threshold?: number | undefined
}

export interface ScoreMetrics {
  readonly kind: 'score'
  readonly pairs: number
  /** The task's own score: Spearman's correlation, NaN if all targets or all answers are equal. */
  readonly score: number
  /** The correlation of a constant. */
  readonly baseline: 0
  readonly spearman: number
  /** Root mean square error, in the unit of the range. */
  readonly rmse: number
  /** Of the mean target as a constant answer. */
  readonly baselineRmse: number
}

export type AnswerMetrics = LabelMetrics | ScoreMetrics

/** Match tasks and others. */
export interface EvaluationRows<Row extends ScoredRow = ScoredRow> {
  readonly rows: readonly Row[]
  readonly answers: readonly AnswerRow[]
}

/** `answers` is absent if all tasks are match tasks. */
export function evaluateAll(
  { rows, answers }: EvaluationRows,
  tasks: readonly TaskSpec[],
  thresholds: Thresholds
): Metrics {
  const metrics = evaluateAt(rows, tasks, thresholds)
  return tasks.some(({ kind }) => kind) ? { ...metrics, answers: evaluateAnswers(answers, tasks, thresholds) } : metrics
}

export function chooseAllThresholds({ rows, answers }: EvaluationRows, tasks: readonly TaskSpec[]): Thresholds {
  return { ...chooseThresholds(rows, tasks), ...chooseLabelThresholds(answers, tasks) }
}

/** A task's own score on its rows (`LabelMetrics.score`, `ScoreMetrics.score`). */
export function ownScoreOf(rows: readonly AnswerRow[], task: TaskSpec, thresholds: Thresholds): number {
  if (!task.labels) return scoreMetrics(rows).score
  const own = labelThresholdsOf(thresholds, task)
  return scoreOf(
    measure(
      rows,
      rows.map(({ values }) => heldLabels(task, values, own)),
      task.labels
    ),
    task
  )
}

/** By name, of every task with rows; labels are chosen at `thresholds`. */
export function evaluateAnswers(
  rows: readonly AnswerRow[],
  tasks: readonly TaskSpec[],
  thresholds: Thresholds
): Record<string, AnswerMetrics> {
  return Object.fromEntries(
    tasks.flatMap((task) => {
      const own = rows.filter((row) => row.task === task.id)
      if (own.length === 0 || kindOf(task) === 'match') return []
      return [
        [task.name, task.labels ? labelMetrics(own, task, labelThresholdsOf(thresholds, task)) : scoreMetrics(own)]
      ]
    })
  )
}

/** For each label of any-of tasks, chosen as for match tasks: 0.5 with fewer than 50 rows. */
export function chooseLabelThresholds(
  rows: readonly AnswerRow[],
  tasks: readonly TaskSpec[]
): Record<string, Record<string, number>> {
  const of = (task: TaskSpec, label: number): number =>
    chooseThreshold(
      rows
        .filter((row) => row.task === task.id)
        .map(({ target, values }) => ({ label: target.includes(label) ? 1 : 0, score: values[label]! }))
    )
  return Object.fromEntries(
    tasks
      .filter(({ kind }) => kind === 'any-of')
      .map((task) => [task.name, Object.fromEntries(task.labels!.map((name, label) => [name, of(task, label)]))])
  )
}

function labelMetrics(rows: readonly AnswerRow[], task: TaskSpec, thresholds: readonly number[]): LabelMetrics {
  const kind = task.kind as LabelMetrics['kind']
  const held = rows.map(({ values }) => heldLabels(task, values, thresholds))
  const found = measure(rows, held, task.labels!)
  const constants = constantAnswers(rows, task).map((labels) =>
    measure(
      rows,
      rows.map(() => labels),
      task.labels!
    )
  )
  const labels = task.labels!.map((name, label) => {
    const one = found.labels[name]!
    return [name, kind === 'one-of' ? one : { ...one, threshold: thresholds[label]! }] as const
  })
  return {
    kind,
    pairs: rows.length,
    score: scoreOf(found, task),
    baseline: Math.max(...constants.map((one) => scoreOf(one, task))),
    ...found,
    labels: Object.fromEntries(labels)
  }
}

function scoreOf({ macroF1, microF1 }: Pick<LabelMetrics, 'macroF1' | 'microF1'>, { kind }: TaskSpec): number {
  return kind === 'one-of' ? macroF1 : microF1
}

/** Metrics of predicted labels, one list for each row. */
function measure(rows: readonly AnswerRow[], held: readonly (readonly number[])[], names: readonly string[]) {
  const has = (list: readonly number[], label: number): 0 | 1 => (list.includes(label) ? 1 : 0)
  const decisions = names.map((_, label) =>
    rows.map(({ task, target }, i) => ({ task, score: 0, label: has(target, label), predicted: has(held[i]!, label) }))
  )
  const labels = decisions.map((of) => ({
    ...classMetrics(of),
    positives: of.filter(({ label }) => label === 1).length
  }))
  const exact = rows.filter(
    ({ target }, i) => target.length === held[i]!.length && target.every((one) => held[i]!.includes(one))
  )
  return {
    accuracy: exact.length / rows.length,
    macroF1: meanOfNumbers(labels.filter(({ recall }) => !Number.isNaN(recall)).map(({ f1 }) => f1)),
    microF1: classMetrics(decisions.flat()).f1,
    labels: Object.fromEntries(names.map((name, label) => [name, labels[label]!]))
  }
}

/** Constant answers: each label; or the most frequent one, the two most frequent ones, and so on. */
function constantAnswers(rows: readonly AnswerRow[], { kind, labels = [] }: TaskSpec): number[][] {
  const numbers = [...labels.keys()]
  if (kind === 'one-of') return numbers.map((label) => [label])
  const count = (label: number): number => rows.filter(({ target }) => target.includes(label)).length
  const counts = numbers.map(count)
  const sorted = numbers.sort((one, other) => counts[other]! - counts[one]!)
  return sorted.map((_, i) => sorted.slice(0, i + 1))
}

function scoreMetrics(rows: readonly AnswerRow[]): ScoreMetrics {
  const targets = rows.map(({ target }) => target[0]!)
  const values = rows.map((row) => row.values[0]!)
  const mean = meanOfNumbers(targets)
  const spearman = correlation(ranks(values), ranks(targets))
  const distance = (answers: (row: number) => number): number =>
    Math.sqrt(meanOfNumbers(targets.map((target, row) => (answers(row) - target) ** 2)))
  return {
    kind: 'score',
    pairs: rows.length,
    score: spearman,
    baseline: 0,
    spearman,
    rmse: distance((row) => values[row]!),
    baselineRmse: distance(() => mean)
  }
}

/** Ranks from 1, equal values sharing their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((one, other) => values[one]! - values[other]!)
  const result = new Array<number>(values.length)
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++
    for (let i = start; i < end; i++) result[order[i]!] = (start + 1 + end) / 2
  }
  return result
}

function correlation(one: readonly number[], other: readonly number[]): number {
  const [meanOne, meanOther] = [meanOfNumbers(one), meanOfNumbers(other)]
  let [both, squaresOne, squaresOther] = [0, 0, 0]
  one.forEach((value, i) => {
    const [x, y] = [value - meanOne, other[i]! - meanOther]
    both += x * y
    squaresOne += x * x
    squaresOther += y * y
  })
  return both / Math.sqrt(squaresOne * squaresOther)
}
