import type { Dtype, TaskSpec } from '@sohu-match/core'
import Table from 'cli-table3'
import type { GraphReport, Reports } from './measure/measure'

/** Sizes and differences, then F1 and label flips by task, then latency against fp32. */
export function formatReport(reports: Reports, tasks: readonly Pick<TaskSpec, 'name'>[]): string {
  const rows = Object.entries(reports) as [Dtype, GraphReport][]
  const tables = [sizeTable(rows)]
  if (rows.some(([, report]) => report.gate)) tables.push(qualityTable(rows, tasks))
  if (rows.some(([, report]) => report.latency)) tables.push(latencyTable(rows))
  return tables.join('\n\n')
}

type Rows = readonly (readonly [Dtype, GraphReport])[]

function sizeTable(rows: Rows): string {
  const float = rows.find(([dtype]) => dtype === 'fp32')?.[1].bytes
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2)
  return table(
    [
      'dtype',
      'MB',
      'of fp32',
      'MB, brotli 5',
      'logits (or cosines): largest difference from parity.json',
      'from fp32 on pairs',
      'mean'
    ],
    rows.map(([dtype, report]) => [
      dtype,
      megabytes(report.bytes),
      float ? (report.bytes / float).toFixed(3) : '',
      megabytes(report.compressedBytes),
      exponent(report.parityDifference),
      report.gate ? exponent(report.gate.largestDifference) : '',
      report.gate ? exponent(report.gate.meanDifference) : ''
    ])
  )
}

function qualityTable(rows: Rows, tasks: readonly Pick<TaskSpec, 'name'>[]): string {
  const score = ({ metrics, flips }: NonNullable<GraphReport['gate']>, name: string): string => {
    const [match, answer] = [metrics.tasks[name], metrics.answers?.[name]]
    if (answer?.kind === 'score') return answer.score.toFixed(4)
    const [value, pairs] = match ? [match.f1, match.pairs] : [answer?.score, answer?.pairs]
    return value === undefined ? '' : `${value.toFixed(4)} (${flips[name]!}/${pairs})`
  }
  const other = rows.some(([, { gate }]) => gate?.metrics.answers)
  const mean = (cell: string): string[] => (tasks.length > 1 ? [cell] : []) // of a single task it is the task's own
  return table(
    [
      `F1${other ? ', or own score,' : ''} (label flips) at each task's threshold`,
      ...mean(other ? 'mean F1' : 'mean'),
      ...tasks.map((task) => task.name)
    ],
    rows.flatMap(([dtype, { gate }]) =>
      gate ? [[dtype, ...mean(gate.metrics.mean.toFixed(4)), ...tasks.map(({ name }) => score(gate, name))]] : []
    )
  )
}

/**
 * Speed against fp32, with both times: fp32 is timed again with each dtype. The factor is that of the printed times.
 */
function latencyTable(rows: Rows): string {
  const shapes = Object.keys(rows.find(([, report]) => report.latency)![1].latency!)
  return table(
    ['CPU, 1 thread: median ms, that of fp32 in the same turns (x as fast)', ...shapes],
    rows.map(([dtype, { latency }]) => [
      dtype,
      ...shapes.map((shape) => {
        const { milliseconds, float } = latency![shape]!
        const [own, reference] = [Number(milliseconds.toPrecision(3)), Number(float.toPrecision(3))]
        return `${own}, ${reference} (${(reference / own).toFixed(2)})`
      })
    ])
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({ head: [...head], style: { head: [], border: [] } })
  made.push(...rows.map((row) => [...row]))
  return made.toString()
}

const exponent = (value: number): string => value.toExponential(1)
