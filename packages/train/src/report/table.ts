import { meanOfNumbers, type ClassMetrics, type Metrics } from '@sohu-match/core'
import Table from 'cli-table3'
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
 * single task has only its own row. F1, precision and recall are at each task's threshold.
 */
export function metricsTable(metrics: Metrics, { color = false }: { readonly color?: boolean } = {}): string {
  const cells = ({ pairs, f1, precision, recall, threshold }: ClassMetrics & { threshold?: number | undefined }) => [
    whole(pairs),
    threshold === undefined ? '' : ratio(threshold),
    ratio(f1),
    ratio(precision),
    ratio(recall)
  ]
  const tasks = Object.entries(metrics.tasks)
  const pairs = tasks.reduce((sum, [, task]) => sum + task.pairs, 0)
  const pooled = [
    ...Object.entries(metrics.groups).map(([name, group]) => [`group ${name}, pooled`, ...cells(group), '']),
    ['mean', whole(pairs), '', ratio(metrics.mean), '', '', ratio(meanOfNumbers(tasks.map(([, task]) => task.auc)))]
  ]
  return textTable(
    ['task', 'pairs', 'threshold', 'F1 at threshold', 'precision', 'recall', 'AUC'],
    [...tasks.map(([name, task]) => [name, ...cells(task), ratio(task.auc)]), ...(tasks.length > 1 ? pooled : [])],
    color
  )
}

/** A JSON object with a `type` on one line; NaN becomes null. */
export function jsonLine(type: string, values: object): string {
  return `${JSON.stringify({ type, ...values })}\n`
}
