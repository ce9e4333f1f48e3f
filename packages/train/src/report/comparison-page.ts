import { COMPARED, verdict } from '../evaluate/compare'
import { lineChart } from './chart'
import { metricName } from './comparison'
import type { RunRecord } from '../run/metrics-log'
import type { ComparedRun, RunComparison } from './compare-runs'
import { withInterval } from './figures'
import { htmlTable, page, section } from './page'

/** Two runs as one HTML page: metrics with the interval of their difference, settings that differ, curves of both. */
export function comparisonPage({ runs, differences, metrics }: RunComparison): string {
  const [one, other] = runs
  return page(`${one.name} and ${other.name}`, [
    metricsSection(runs, metrics),
    section(
      'Settings that differ',
      differences.length === 0
        ? '<p>None: the two runs differ in nothing that train.json records.</p>'
        : htmlTable(['key', one.name, other.name], differences)
    ),
    section(
      'Curves',
      lossChart(runs),
      ...(['f1', 'auc'] as const).flatMap((metric) => taskCharts(runs, metricName(metric), metricOf(metric))),
      ...taskCharts(runs, 'Own score', ownScoresOf)
    )
  ])
}

const OTHER_DATA =
  'The runs were trained on different data or tasks, so their valid pairs are not the same and their metrics cannot be compared. ' +
  'Evaluate both on one test split: sohu-train evaluate.'
const NO_MATCH_TASK =
  'The runs have no task whose answer is match or no match; the own scores of their tasks are in the curves below.'
const OTHER_TASKS =
  '<p>Tasks with labels or a score are not in this table; their own scores are in the curves below.</p>'

function metricsSection([one, other]: RunComparison['runs'], metrics: RunComparison['metrics']): string {
  if (!metrics || metrics.length === 0) return section('Metrics', `<p>${metrics ? NO_MATCH_TASK : OTHER_DATA}</p>`)
  const rows = metrics.flatMap((task) =>
    COMPARED.map((metric) => {
      const compared = task.metrics[metric]
      const sign = compared.difference.value < 0 ? '' : '+'
      const meaning = { better: `${one.name} is better`, worse: `${other.name} is better`, undecided: 'may be chance' }
      return [
        task.task,
        metricName(metric),
        withInterval(compared.one),
        withInterval(compared.other),
        `${sign}${withInterval(compared.difference)}`,
        meaning[verdict(compared)]
      ]
    })
  )
  return section(
    'Metrics of the best epochs on the valid pairs',
    htmlTable(['task', 'metric', one.name, other.name, 'difference', 'verdict'], rows),
    '<p>95 % intervals of paired resampling; a difference whose interval contains 0 may be chance. Thresholds and best epochs were chosen on ' +
      'these pairs, which flatters both runs.</p>',
    ...([one, other].some(hasAnswers) ? [OTHER_TASKS] : [])
  )
}

function lossChart(runs: RunComparison['runs']): string {
  const series = runs.map(({ name, records }) => ({
    name,
    points: records.flatMap((record) => (record.type === 'step' ? [[record.step, record.loss] as const] : []))
  }))
  return lineChart({ title: 'Loss', xLabel: 'step', series })
}

type EpochRecord = Extract<RunRecord, { type: 'epoch' }>

const epochsOf = ({ records }: ComparedRun): EpochRecord[] => records.filter((record) => record.type === 'epoch')

const hasAnswers = (run: ComparedRun): boolean => epochsOf(run).some(({ answers }) => answers)

/** A chart for each task, with a curve for each run. */
function taskCharts(
  runs: RunComparison['runs'],
  name: string,
  figuresOf: (epoch: EpochRecord) => Readonly<Record<string, number>>
): string[] {
  const epochs = runs.map((run) => ({ name: run.name, epochs: epochsOf(run) }))
  const tasks = [...new Set(epochs.flatMap(({ epochs }) => epochs.flatMap((epoch) => Object.keys(figuresOf(epoch)))))]
  return tasks.map((task) =>
    lineChart({
      title: `${name} of ${task} on valid`,
      xLabel: 'epoch',
      series: epochs.map(({ name, epochs }) => ({
        name,
        points: epochs.map((epoch) => [epoch.epoch + 1, figuresOf(epoch)[task] ?? NaN] as const)
      }))
    })
  )
}

const metricOf =
  (metric: 'f1' | 'auc') =>
  ({ tasks }: EpochRecord): Record<string, number> =>
    Object.fromEntries(Object.entries(tasks).map(([task, figures]) => [task, figures[metric]]))

const ownScoresOf = ({ answers = {} }: EpochRecord): Record<string, number> =>
  Object.fromEntries(Object.entries(answers).map(([task, { score }]) => [task, score]))
