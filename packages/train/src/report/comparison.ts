import { join, relative } from 'node:path'
import type { GivenColumns } from '@sohu-match/node'
import { COMPARED, verdict, type ComparedMetric, type TaskComparison } from '../evaluate/compare'
import type { BesideBaseline } from '../evaluate/beside-baseline'
import { withInterval } from './figures'
import { whole } from './format'
import { textTable } from './table'

const METRIC_NAMES: Readonly<Record<ComparedMetric, string>> = { f1: 'F1', accuracy: 'accuracy', auc: 'AUC' }

export const metricName = (metric: ComparedMetric): string => METRIC_NAMES[metric]

/** A table of both models on the same pairs, and for each task a sentence about which differences are significant. */
export function comparisonText({ split, pairs, tasks }: BesideBaseline, color = false): string {
  const rows = tasks.flatMap(({ task, metrics }) =>
    COMPARED.map((metric) => {
      const { one, other, difference } = metrics[metric]
      const sign = difference.value < 0 ? '' : '+'
      return [task, metricName(metric), withInterval(one), withInterval(other), `${sign}${withInterval(difference)}`]
    })
  )
  const chosen =
    split === 'test'
      ? 'nothing was chosen on them'
      : 'there are no labeled test pairs; thresholds and the best epoch were chosen on these, which flatters the scores'
  return [
    `The network and the lexical baseline on the ${whole(pairs)} pairs of the ${split} split (${chosen}), 95 % intervals:`,
    textTable(['task', 'metric', 'network', 'lexical baseline', 'difference'], rows, color),
    ...tasks.map(verdictText)
  ].join('\n')
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

/** What a person typed that the next commands need too. */
export interface NextSteps {
  readonly out: string
  readonly data: string
  readonly columns?: GivenColumns | undefined
  /** How `sohu-match` is run here. */
  readonly match: string
}

/** Commands that follow a training. */
export function nextSteps({ out, data, columns = {}, match }: NextSteps, { split, tasks }: BesideBaseline): string {
  const checkpoint = join(out, 'best')
  const model = join('models', out.split(/[\\/]/).filter(Boolean).at(-1) ?? 'mine')
  const path = relative(process.cwd(), data).startsWith('..') ? data : relative(process.cwd(), data)
  const roles = Object.entries(columns).map(([role, name]) => ` ${role}=${name}`)
  const shown = `${path}${roles.length > 0 ? ` --columns${roles.join('')}` : ''}`
  const task = tasks.length > 1 ? ` --task ${tasks[0]!.task}` : ''
  return [
    'Next:',
    `  the worst errors:   npx sohu-train errors --checkpoint ${checkpoint} --data ${shown} --split ${split} --out errors.html`,
    `  score other pairs:  npx sohu-train predict --checkpoint ${checkpoint} --data FILE --out scored.csv`,
    `  export to ONNX:     npx sohu-train export --checkpoint ${checkpoint} --data ${shown} --gate 0.01 --out ${model}`,
    `  match two texts:    ${match} match TEXT TEXT --model ${model}${task}`,
    `  serve over HTTP:    ${match} serve --model ${model}${task} --port 8080`
  ].join('\n')
}
