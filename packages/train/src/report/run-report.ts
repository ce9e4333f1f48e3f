import type { TaskSpec } from '@sohu-match/core'
import type { RunRecord } from '../run/metrics-log'
import { lineChart, type Series } from './chart'
import { pairCard, type JudgedPair } from './mistakes'
import type { Evaluation } from '../evaluate/evaluation'
import { selectionScore } from '../evaluate/selection'
import { answerRows, figureRows, labelRows, lengthRows } from './figures'
import { duration, ratio, significant, whole } from './format'
import { escapeHtml, factList, htmlTable, page, section } from './page'

export interface RunReportInput {
  readonly title: string
  readonly records: readonly RunRecord[]
  readonly config?: Readonly<Record<string, unknown>>
  /** Of the best checkpoint. */
  readonly evaluation?: { readonly split: string; readonly figures: Evaluation }
  /** Pairs to show by task; `words` segments texts. */
  readonly examples?: {
    readonly pairs: readonly JudgedPair[]
    readonly tasks: readonly TaskSpec[]
    readonly words: (text: string) => readonly string[]
  }
}

/** A run as one HTML page without scripts or other files: metrics, curves, calibration, examples, configuration. */
export function runReport({ title, records, config, evaluation, examples }: RunReportInput): string {
  const steps = records.filter((record) => record.type === 'step')
  const epochs = records.filter((record) => record.type === 'epoch')
  return page(title, [
    summary(steps, epochs),
    ...(evaluation ? [evaluationSection(evaluation.split, evaluation.figures)] : []),
    ...(epochs.length > 0 ? [epochSection(epochs)] : []),
    ...(steps.length > 0 ? [stepSection(steps)] : []),
    ...(evaluation ? [calibrationSection(evaluation.figures)] : []),
    ...(examples?.pairs.length ? [examplesSection(examples)] : []),
    ...(config ? [configurationSection(config)] : [])
  ])
}

type StepRecord = Extract<RunRecord, { type: 'step' }>
type EpochRecord = Extract<RunRecord, { type: 'epoch' }>

function summary(steps: readonly StepRecord[], epochs: readonly EpochRecord[]): string {
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0)
  const pairs = steps.reduce((sum, step) => sum + step.pairs, 0)
  const tokens = steps.reduce((sum, step) => sum + step.tokens, 0)
  const best = epochs.findLast(({ improved }) => improved)
  const last = steps.at(-1)
  return section(
    'Summary',
    htmlTable(
      ['of the run', 'value'],
      [
        ...(last ? [['steps', `${whole(last.step)} of ${whole(last.steps)}`]] : []),
        ['time of the steps', duration(seconds)],
        ['pairs', whole(pairs)],
        ['tokens per second', seconds > 0 ? whole(tokens / seconds) : '–'],
        ...(last ? [['last loss', significant(last.loss)]] : []),
        ...(best ? [['best epoch', `${best.epoch + 1}, ${bestFigure(best)}`]] : [])
      ]
    )
  )
}

function bestFigure(best: EpochRecord): string {
  if (best.answers) return `mean of the tasks' own scores ${ratio(selectionScore(best))}`
  return `mean F1 at the thresholds ${ratio(best.mean)}`
}

function evaluationSection(split: string, figures: Evaluation): string {
  return section(
    `Best checkpoint on ${split}`,
    ...(figures.answers ? answerTables(figures) : []),
    ...(Object.keys(figures.tasks).length > 0 ? matchTables(figures) : [])
  )
}

function matchTables(figures: Evaluation): string[] {
  const [table, byLength] = [figureRows(figures), lengthRows(figures)]
  return [
    `<p>${escapeHtml(thresholdText(figures))}</p>`,
    htmlTable(table.head, table.rows),
    '<p>F1, precision, recall and accuracy are at the threshold in the same row. Intervals: bootstrap over pairs. ' +
      'Pairs that share articles are not independent: the true intervals are wider.</p>',
    `<details><summary>By length: a quarter of each task's pairs a row</summary>${htmlTable(byLength.head, byLength.rows)}</details>`
  ]
}

function answerTables(figures: Evaluation): string[] {
  const [tasks, labels] = [answerRows(figures), labelRows(figures)]
  return [
    htmlTable(tasks.head, tasks.rows),
    "<p>A task's own score: macro F1 where one label holds, micro F1 where any may, Spearman's correlation for a score.</p>",
    `<details><summary>Each label</summary>${htmlTable(labels.head, labels.rows)}</details>`
  ]
}

/** The thresholds in a sentence. */
function thresholdText({ tasks }: Evaluation): string {
  const named = Object.entries(tasks).map(([name, { threshold }]) => `${name} ${ratio(threshold)}`)
  return `A score above the threshold is a match: ${named.join(', ')}, chosen on these pairs for the highest F1.`
}

function epochSection(epochs: readonly EpochRecord[]): string {
  return section(
    'Validation by epoch',
    taskChart("F1 of each task at that epoch's threshold", epochs, 'f1'),
    taskChart('AUC of each task', epochs, 'auc'),
    answerChart(epochs)
  )
}

function stepSection(steps: readonly StepRecord[]): string {
  const charts = [
    ['Loss', 'loss'],
    ['Learning rate', 'learningRate'],
    ['Share of padding', 'paddingShare']
  ] as const
  return section('Training', ...charts.map(([title, figure]) => stepChart(title, steps, figure)))
}

function examplesSection({ pairs, tasks, words }: NonNullable<RunReportInput['examples']>): string {
  const of = (task: number) => pairs.filter((pair) => pair.task === task).map((pair) => pairCard(pair, words))
  const cards = tasks
    .filter(({ id }) => pairs.some(({ task }) => task === id))
    .flatMap(({ id, name }) => [`<h3>${escapeHtml(name)}</h3>`, ...of(id)])
  return section(
    'Examples',
    '<p>The pairs whose score is farthest from the label. Words that both texts have are marked.</p>',
    ...cards
  )
}

function configurationSection(config: Readonly<Record<string, unknown>>): string {
  return section('Configuration', factList(settingFacts(config)))
}

/** Settings with their values as text; those of the network (`model`) one by one. */
export function settingFacts(config: Readonly<Record<string, unknown>>, prefix = ''): (readonly [string, string])[] {
  return Object.entries(config).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      ? settingFacts(value as Record<string, unknown>, `${prefix}${key}.`)
      : [[`${prefix}${key}`, typeof value === 'string' ? value : JSON.stringify(value)] as const]
  )
}

function taskChart(title: string, epochs: readonly EpochRecord[], figure: 'f1' | 'auc'): string {
  const names = [...new Set(epochs.flatMap((epoch) => Object.keys(epoch.tasks)))]
  const series: Series[] = names.map((name) => ({
    name,
    points: epochs.map((epoch) => [epoch.epoch + 1, epoch.tasks[name]?.[figure] ?? NaN])
  }))
  return lineChart({ title, xLabel: 'epoch', series })
}

/** Own scores of the tasks with labels or a score, if any. */
function answerChart(epochs: readonly EpochRecord[]): string {
  const names = [...new Set(epochs.flatMap(({ answers = {} }) => Object.keys(answers)))]
  const series: Series[] = names.map((name) => ({
    name,
    points: epochs.map(({ epoch, answers }) => [epoch + 1, answers?.[name]?.score ?? NaN])
  }))
  return lineChart({ title: "Each task's own score", xLabel: 'epoch', series })
}

function stepChart(
  title: string,
  steps: readonly StepRecord[],
  figure: 'loss' | 'learningRate' | 'paddingShare'
): string {
  return lineChart({
    title,
    xLabel: 'step',
    series: [{ name: title, points: steps.map((step) => [step.step, step[figure]]) }]
  })
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
