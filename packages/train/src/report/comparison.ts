import { join, relative } from 'node:path'
import type { GivenColumns } from '@sohu-match/node'
import { COMPARED, verdict, type ComparedMetric, type TaskComparison } from '../evaluate/compare'
import type { BesideBaseline } from '../evaluate/beside-baseline'
import type { Evaluation } from '../evaluate/evaluation'
import { answerRows, figuresJson, withInterval } from './figures'
import { whole } from './format'
import { textTable } from './table'

const METRIC_NAMES: Readonly<Record<ComparedMetric, string>> = { f1: 'F1', accuracy: 'accuracy', auc: 'AUC' }

export const metricName = (metric: ComparedMetric): string => METRIC_NAMES[metric]

/** Tables of the network and its baselines on the same pairs, and for each task a sentence about the differences. */
export function comparisonText({ split, pairs, tasks, others }: BesideBaseline, color = false): string {
  const chosen =
    split === 'test'
      ? 'nothing was chosen on them'
      : 'there are no labeled test pairs; thresholds and the best epoch were chosen on these, which flatters the scores'
  return [
    ...(tasks.length > 0
      ? [
          `The network and the lexical baseline on the ${whole(pairs)} pairs of the ${split} split (${chosen}), 95 % intervals:`,
          matchTable(tasks, color),
          ...tasks.map(verdictText)
        ]
      : []),
    ...(others
      ? [
          `Tasks with labels or a score on the ${split} split (${chosen}), next to the best constant answer:`,
          answerTable(others, color),
          ...constantVerdicts(others)
        ]
      : [])
  ].join('\n')
}

/** As JSON, the metrics of tasks with labels or a score under `answers`. */
export function comparisonJson({ others, ...comparison }: BesideBaseline): Record<string, unknown> {
  return { ...comparison, ...(others && { answers: figuresJson(others)['answers'] }) }
}

function answerTable(others: Evaluation, color: boolean): string {
  const { head, rows } = answerRows(others)
  return textTable(head, rows, color)
}

/** Compares each own score's interval with the score of the best constant answer. */
function constantVerdicts({ answers = {}, metrics }: Evaluation): string[] {
  return Object.entries(answers).map(([name, { low, high }]) => {
    const { baseline } = metrics.answers![name]!
    if (low > baseline) return `${name}: better than any constant answer.`
    return high < baseline
      ? `${name}: worse than a constant answer: use more examples, or look at the labels with sohu-train errors.`
      : `${name}: not distinguishable from a constant answer on so few examples (the interval contains its score).`
  })
}

function matchTable(tasks: readonly TaskComparison[], color: boolean): string {
  const rows = tasks.flatMap(({ task, metrics }) =>
    COMPARED.map((metric) => {
      const { one, other, difference } = metrics[metric]
      const sign = difference.value < 0 ? '' : '+'
      return [task, metricName(metric), withInterval(one), withInterval(other), `${sign}${withInterval(difference)}`]
    })
  )
  return textTable(['task', 'metric', 'network', 'lexical baseline', 'difference'], rows, color)
}

/** Lists the metrics of a task that differ by more than chance. */
function verdictText({ task, metrics }: TaskComparison): string {
  const of = (wanted: ReturnType<typeof verdict>): string =>
    COMPARED.filter((metric) => verdict(metrics[metric]) === wanted)
      .map((metric) => metricName(metric))
      .join(', ')
  const parts = [
    [of('better'), 'better than the baseline'],
    [of('worse'), 'worse than the baseline: use more pairs, or look at the labels with sohu-train errors'],
    [of('undecided'), 'not distinguishable from the baseline on so few pairs (the interval contains 0)']
  ].filter(([metrics]) => metrics !== '')
  return `${task}: ${parts.map(([metrics, what]) => `${metrics} ${what}`).join('; ')}.`
}

/** Flags that the next commands need too. */
export interface NextSteps {
  readonly out: string
  readonly data: string
  readonly columns?: GivenColumns | undefined
  /** The command line of `sohu-match` here. */
  readonly match: string
}

/** Commands that follow a training. */
export function nextSteps(
  { out, data, columns = {}, match }: NextSteps,
  { split, tasks, others }: BesideBaseline
): string {
  const checkpoint = join(out, 'best')
  const model = join('models', out.split(/[\\/]/).filter(Boolean).at(-1) ?? 'mine')
  const path = relative(process.cwd(), data).startsWith('..') ? data : relative(process.cwd(), data)
  const roles = Object.entries(columns).map(([role, name]) => ` ${role}=${name}`)
  const shown = `${path}${roles.length > 0 ? ` --columns${roles.join('')}` : ''}`
  const names = [...tasks.map(({ task }) => task), ...Object.keys(others?.answers ?? {})]
  const task = names.length > 1 ? ` --task ${names[0]!}` : ''
  return [
    'Next:',
    `  the worst errors:   npx sohu-train errors --checkpoint ${checkpoint} --data ${shown} --split ${split} --out errors.html`,
    ...(others
      ? []
      : [`  score other pairs:  npx sohu-train predict --checkpoint ${checkpoint} --data FILE --out scored.csv`]),
    `  export to ONNX:     npx sohu-train export --checkpoint ${checkpoint} --data ${shown} --gate 0.01 --out ${model}`,
    `  ${tasks.length > 0 ? 'match two texts:    ' : 'answer for texts:   '}${match} match TEXT ${tasks.length > 0 ? 'TEXT' : '[TEXT]'} --model ${model}${task}`,
    `  serve over HTTP:    ${match} serve --model ${model}${task} --port 8080`
  ].join('\n')
}
