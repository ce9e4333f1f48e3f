import { meanOfNumbers, type ClassMetrics, type Metrics } from '@sohu-match/core'
import Table from 'cli-table3'
import { answerCells } from './figures'
import { ratio, whole } from './format'

/** Aligned columns, numbers to the right. `color` colors the header (for terminals). */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[], color = false): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: color ? ['cyan'] : [], border: color ? ['grey'] : [], compact: true }
  })
  table.push(...rows.map((row) => [...row]))
  return table.toString()
}

/**
 * One row per task, then each group's pooled F1, then their mean (the competition's score) with the tasks' mean AUC; a
 * single task has only its own row. F1, precision, recall and accuracy are at each task's threshold. Tasks
 * with labels or a score have a table of their own.
 */
export function metricsTable(metrics: Metrics, { color = false }: { readonly color?: boolean } = {}): string {
  const cells = ({
    pairs,
    f1,
    precision,
    recall,
    threshold,
    accuracy
  }: ClassMetrics & Partial<Metrics['tasks'][string]>) => [
    whole(pairs),
    threshold === undefined ? '' : ratio(threshold),
    ratio(f1),
    ratio(precision),
    ratio(recall),
    accuracy === undefined ? '' : ratio(accuracy)
  ]
  const tasks = Object.entries(metrics.tasks)
  const others = Object.entries(metrics.answers ?? {})
  if (others.length > 0) {
    const { answers: _, ...matches } = metrics
    const table = textTable(
      ['task', 'kind', 'pairs', 'own score', 'of a constant', 'accuracy or RMSE', 'macro F1', 'micro F1'],
      others.map(([name, of]) => [
        name,
        of.kind,
        whole(of.pairs),
        ratio(of.score),
        ratio(of.baseline),
        ...answerCells(of)
      ]),
      color
    )
    return tasks.length === 0 ? table : `${metricsTable(matches, { color })}\n${table}`
  }
  const pairs = tasks.reduce((sum, [, task]) => sum + task.pairs, 0)
  const pooled = [
    ...Object.entries(metrics.groups).map(([name, group]) => [`group ${name}, pooled`, ...cells(group), '']),
    ['mean', whole(pairs), '', ratio(metrics.mean), '', '', '', ratio(meanOfNumbers(tasks.map(([, task]) => task.auc)))]
  ]
  return textTable(
    ['task', 'pairs', 'threshold', 'F1 at threshold', 'precision', 'recall', 'accuracy', 'AUC'],
    [...tasks.map(([name, task]) => [name, ...cells(task), ratio(task.auc)]), ...(tasks.length > 1 ? pooled : [])],
    color
  )
}

/** A JSON object with a `type` on one line; NaN becomes null. */
export function jsonLine(type: string, values: object): string {
  return `${JSON.stringify({ type, ...values })}\n`
}
