import type { AnswerMetrics, ClassMetrics } from '@sohu-match/core'
import type { Interval } from '../evaluate/bootstrap'
import type { Evaluation } from '../evaluate/evaluation'
import { ratio, whole } from './format'

export interface TextRows {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** One row per task, then the mean of the tasks, each group's pooled F1, and their mean (the competition's score). */
export function figureRows(figures: Evaluation): TextRows {
  return {
    head: [
      'task',
      'pairs',
      'F1 at threshold [95 %]',
      'precision',
      'recall',
      'accuracy',
      'AUC [95 %]',
      'threshold',
      'calibration error'
    ],
    rows: [
      ...Object.keys(figures.tasks).map((name) => taskRow(name, figures)),
      ...(Object.keys(figures.tasks).length > 1 ? pooledRows(figures) : [])
    ]
  }
}

/** Means over tasks and groups, which are redundant for a single task. */
function pooledRows(figures: Evaluation): string[][] {
  const pooled = ({ pairs, f1, precision, recall }: ClassMetrics): string[] => [
    whole(pairs),
    ratio(f1),
    ratio(precision),
    ratio(recall),
    '',
    '',
    '',
    ''
  ]
  return [
    ['mean of tasks', '', withInterval(figures.meanF1), '', '', '', withInterval(figures.meanAuc), '', ''],
    ...Object.entries(figures.metrics.groups).map(([name, group]) => [`group ${name}, pooled`, ...pooled(group)]),
    ['mean of groups', '', ratio(figures.metrics.mean), '', '', '', '', '', '']
  ]
}

/** F1 and AUC by quartile of length, per task. */
export function lengthRows({ tasks }: Evaluation): TextRows {
  return {
    head: ['task', 'tokens of the pair', 'pairs', 'F1 at threshold', 'AUC'],
    rows: Object.entries(tasks).flatMap(([name, { byLength }]) =>
      byLength.map((part) => [name, `${part.from}-${part.to}`, whole(part.pairs), ratio(part.f1), ratio(part.auc)])
    )
  }
}

/** Tasks with labels or a score: own scores next to the best constant answer's, and other metrics of their kind. */
export function answerRows({ metrics, answers = {} }: Evaluation): TextRows {
  return {
    head: ['task', 'kind', 'pairs', 'own score [95 %]', 'of a constant', 'accuracy or RMSE', 'macro F1', 'micro F1'],
    rows: Object.entries(answers).map(([name, own]) => {
      const of = metrics.answers![name]!
      return [name, of.kind, whole(of.pairs), withInterval(own), ratio(of.baseline), ...answerCells(of)]
    })
  }
}

/** Accuracy (or root mean square error), macro and micro F1. */
export function answerCells(metrics: AnswerMetrics): string[] {
  return metrics.kind === 'score'
    ? [`${ratio(metrics.rmse)} (constant ${ratio(metrics.baselineRmse)})`, '', '']
    : [metrics.accuracy, metrics.macroF1, metrics.microF1].map(ratio)
}

/** Each label of the tasks with labels. */
export function labelRows({ metrics: { answers = {} } }: Evaluation): TextRows {
  return {
    head: ['task', 'label', 'pairs with it', 'F1', 'precision', 'recall', 'threshold'],
    rows: Object.entries(answers).flatMap(([name, of]) =>
      of.kind === 'score'
        ? []
        : Object.entries(of.labels).map(([label, { positives, f1, precision, recall, threshold }]) => [
            name,
            label,
            whole(positives),
            ...[f1, precision, recall, threshold].map(ratio)
          ])
    )
  }
}

/** `0.712 [0.671, 0.750]`, with the 95 % interval. */
export function withInterval({ value, low, high }: Interval): string {
  return `${ratio(value)} [${ratio(low)}, ${ratio(high)}]`
}

export function figuresJson({ metrics, tasks, meanF1, meanAuc, answers }: Evaluation): Record<string, unknown> {
  const ends = ({ low, high }: Interval) => [low, high]
  return {
    ...metrics,
    meanF1,
    meanAuc,
    ...(answers && {
      answers: Object.fromEntries(
        Object.entries(answers).map(([name, own]) => [name, { ...metrics.answers![name], scoreInterval: ends(own) }])
      )
    }),
    tasks: Object.fromEntries(
      Object.entries(tasks).map(
        ([
          name,
          {
            threshold,
            f1,
            accuracy,
            auc,
            calibration: { error, brier },
            byLength
          }
        ]) => [
          name,
          {
            ...metrics.tasks[name],
            threshold,
            accuracy,
            f1Interval: ends(f1),
            aucInterval: ends(auc),
            calibrationError: error,
            brier,
            byLength
          }
        ]
      )
    )
  }
}

function taskRow(name: string, { metrics, tasks }: Evaluation): string[] {
  const { pairs, precision, recall } = metrics.tasks[name]!
  const { f1, accuracy, auc, threshold, calibration } = tasks[name]!
  return [
    name,
    whole(pairs),
    withInterval(f1),
    ratio(precision),
    ratio(recall),
    ratio(accuracy),
    withInterval(auc),
    ratio(threshold),
    ratio(calibration.error)
  ]
}
