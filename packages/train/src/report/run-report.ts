import type { ClassMetrics, Metrics } from '@sohu-match/core'
import type { StepReport } from '../loop'
import type { Interval } from './bootstrap'
import { lineChart, type Series } from './chart'
import { pairCard, type JudgedPair } from './errors'
import type { Evaluation } from './evaluation'
import { duration, ratio, significant, whole } from './format'
import { htmlTable, page, section } from './page'

/** A line of a run's `metrics.jsonl`: NaN became null on its way. */
export type RunRecord =
  ({ readonly type: 'step' } & StepReport) | ({ readonly type: 'epoch'; readonly step: number; readonly epoch: number } & Metrics)

/** What a run's report tells. All but the records is left out where it is not given. */
export interface RunReportInput {
  readonly title: string
  readonly records: readonly RunRecord[]
  /** The resolved configuration, as `train.json` holds it. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Of the best checkpoint on a split, with the split's name. */
  readonly evaluation?: { readonly split: string; readonly figures: Evaluation }
  /** Pairs to show, with a function that cuts texts into words. */
  readonly examples?: { readonly pairs: readonly JudgedPair[]; readonly words: (text: string) => readonly string[] }
}

/** A run as one HTML page: figures, curves, calibration, examples, configuration. It needs no server, script or other file. */
export function runReport({ title, records, config, evaluation, examples }: RunReportInput): string {
  const steps = records.filter((record) => record.type === 'step')
  const epochs = records.filter((record) => record.type === 'epoch')
  return page(title, [
    summary(steps, epochs),
    ...(evaluation ? [evaluationSection(evaluation.split, evaluation.figures)] : []),
    ...(epochs.length > 0 ? [epochSection(epochs)] : []),
    ...(steps.length > 0 ? [stepSection(steps)] : []),
    ...(evaluation ? [calibrationSection(evaluation.figures)] : []),
    ...(examples?.pairs.length ? [section('Examples', ...examples.pairs.map((pair) => pairCard(pair, examples.words)))] : []),
    ...(config ? [configurationSection(config)] : [])
  ])
}

type StepRecord = Extract<RunRecord, { type: 'step' }>
type EpochRecord = Extract<RunRecord, { type: 'epoch' }>

function summary(steps: readonly StepRecord[], epochs: readonly EpochRecord[]): string {
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0)
  const pairs = steps.reduce((sum, step) => sum + step.pairs, 0)
  const tokens = steps.reduce((sum, step) => sum + step.tokens, 0)
  const best = epochs.reduce<EpochRecord | undefined>((top, epoch) => (epoch.mean > (top?.mean ?? -Infinity) ? epoch : top), undefined)
  const last = steps.at(-1)
  return section(
    'Summary',
    htmlTable(
      ['', ''],
      [
        ...(last ? [['steps', `${whole(last.step)} of ${whole(last.steps)}`]] : []),
        ['time of the steps', duration(seconds)],
        ['pairs', whole(pairs)],
        ['tokens per second', seconds > 0 ? whole(tokens / seconds) : '–'],
        ...(last ? [['last loss', significant(last.loss)]] : []),
        ...(best ? [['best epoch', `${best.epoch + 1}, mean F1 ${ratio(best.mean)}`]] : [])
      ]
    )
  )
}

function evaluationSection(split: string, figures: Evaluation): string {
  const head = ['task', 'pairs', 'F1 [95 %]', 'precision', 'recall', 'AUC [95 %]', 'threshold', 'calibration error']
  const plain = ({ pairs, f1, precision, recall }: ClassMetrics) => [whole(pairs), ratio(f1), ratio(precision), ratio(recall), '', '', '']
  return section(
    `Best checkpoint on ${split}`,
    htmlTable(head, [
      ...Object.keys(figures.tasks).map((name) => taskRow(name, figures)),
      ['mean of tasks', '', withInterval(figures.meanF1), '', '', withInterval(figures.meanAuc), '', ''],
      ...Object.entries(figures.metrics.groups).map(([name, group]) => [`group ${name}`, ...plain(group)]),
      ['mean of groups', '', ratio(figures.metrics.mean), '', '', '', '', '']
    ]),
    '<p>Intervals: bootstrap over pairs. Pairs that share articles are not independent: the true intervals are wider.</p>',
    lengthTable(figures)
  )
}

function taskRow(name: string, figures: Evaluation): string[] {
  const { pairs, precision, recall } = figures.metrics.tasks[name]!
  const { f1, auc, threshold, calibration } = figures.tasks[name]!
  const shares = [ratio(precision), ratio(recall)]
  return [name, whole(pairs), withInterval(f1), ...shares, withInterval(auc), ratio(threshold), ratio(calibration.error)]
}

function withInterval({ value, low, high }: Interval): string {
  return `${ratio(value)} [${ratio(low)}, ${ratio(high)}]`
}

function epochSection(epochs: readonly EpochRecord[]): string {
  return section('Validation by epoch', taskChart('F1 of each task', epochs, 'f1'), taskChart('AUC of each task', epochs, 'auc'))
}

function stepSection(steps: readonly StepRecord[]): string {
  const charts = [
    ['Loss', 'loss'],
    ['Learning rate', 'learningRate'],
    ['Share of padding', 'paddingShare']
  ] as const
  return section('Training', ...charts.map(([title, figure]) => stepChart(title, steps, figure)))
}

function configurationSection(config: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)])
  return section('Configuration', htmlTable(['key', 'value'], rows))
}

function lengthTable(figures: Evaluation): string {
  const rows = Object.entries(figures.tasks).flatMap(([name, { byLength }]) =>
    byLength.map((part) => [name, `${part.from}-${part.to}`, whole(part.pairs), ratio(part.f1), ratio(part.auc)])
  )
  return htmlTable(['task', 'tokens of the pair', 'pairs', 'F1', 'AUC'], rows)
}

function taskChart(title: string, epochs: readonly EpochRecord[], figure: 'f1' | 'auc'): string {
  const names = [...new Set(epochs.flatMap((epoch) => Object.keys(epoch.tasks)))]
  const series: Series[] = names.map((name) => ({
    name,
    points: epochs.map((epoch) => [epoch.epoch + 1, epoch.tasks[name]?.[figure] ?? NaN])
  }))
  return lineChart({ title, xLabel: 'epoch', series })
}

function stepChart(title: string, steps: readonly StepRecord[], figure: 'loss' | 'learningRate' | 'paddingShare'): string {
  return lineChart({ title, xLabel: 'step', series: [{ name: title, points: steps.map((step) => [step.step, step[figure]]) }] })
}

function calibrationSection(figures: Evaluation): string {
  const series = Object.entries(figures.tasks).map(([name, { calibration }]) => ({
    name,
    points: calibration.bins.map((bin) => [bin.score, bin.positive] as const)
  }))
  return section(
    'Calibration',
    lineChart({
      title: 'Share of matches by score: on the diagonal a score is a probability',
      xLabel: 'mean score of a bin',
      y: [0, 1],
      diagonal: true,
      series
    })
  )
}
