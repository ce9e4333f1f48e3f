import type { Evaluation } from '../report/evaluation'
import type { TextRows } from '../report/figures'
import { duration, ratio, whole } from '../report/format'
import { meanAndSpread, type ArmOutcome, type StudyOutcome } from './outcome'

/**
 * A study's figures on one set of pairs: a row an arm, `mean ± standard deviation` over its seeds. The interval is the bootstrap's over pairs, the
 * mean of its ends over seeds; the difference to the first arm pairs the runs by seed.
 */
export function studyRows({ arms, baseline }: StudyOutcome, set: string): TextRows {
  const first = arms[0]!
  const lexical = baseline?.[set]
  const any = arms.find(({ seeds }) => seeds.length > 0)?.seeds[0]!.figures[set] ?? lexical
  const tasks = Object.keys(any?.tasks ?? {})
  return {
    head: ['', 'seeds', 'mean F1', '95 % of pairs', 'to the first', 'mean AUC', 'mean of groups', ...tasks, 'parameters', 'training'],
    rows: [
      ...arms.filter(({ seeds }) => seeds.length > 0).map((arm) => armRow(arm, first, set, tasks)),
      ...(lexical ? [baselineRow(lexical, tasks)] : [])
    ]
  }
}

/** `0.766 ± 0.012`, or the number alone where there is but one. */
export function withSpread(values: readonly number[]): string {
  const { mean, spread } = meanAndSpread(values)
  return Number.isNaN(spread) ? ratio(mean) : `${ratio(mean)} ± ${ratio(spread)}`
}

/** F1 of a task in each seed; a task in which nothing was found right counts as 0, as in the competition's score. */
export function taskF1({ seeds }: ArmOutcome, set: string, task: string): number[] {
  return seeds.map(({ figures }) => zeroIfNone(figures[set]!.tasks[task]?.f1.value ?? NaN))
}

/** The mean F1 over tasks in each seed. */
export function meanF1({ seeds }: ArmOutcome, set: string): number[] {
  return seeds.map(({ figures }) => meanOverTasks(figures[set]!))
}

function armRow(arm: ArmOutcome, first: ArmOutcome, set: string, tasks: readonly string[]): string[] {
  const figures = arm.seeds.map((seed) => seed.figures[set]!)
  const mean = (values: readonly number[]): number => meanAndSpread(values).mean
  const paired = arm.seeds.flatMap(({ seed, figures: own }) => {
    const other = first.seeds.find((one) => one.seed === seed)
    return other ? [meanOverTasks(own[set]!) - meanOverTasks(other.figures[set]!)] : []
  })
  return [
    arm.name, String(arm.seeds.length), withSpread(meanF1(arm, set)),
    `${ratio(mean(figures.map(({ meanF1: { low } }) => low)))}-${ratio(mean(figures.map(({ meanF1: { high } }) => high)))}`,
    arm === first ? '' : signed(paired), withSpread(figures.map(({ meanAuc }) => meanAuc.value)), withSpread(figures.map(({ metrics }) => zeroIfNone(metrics.mean))),
    ...tasks.map((task) => withSpread(taskF1(arm, set, task))),
    whole(arm.seeds[0]!.parameters), duration(mean(arm.seeds.map(({ seconds }) => seconds)))
  ]
}

function baselineRow(figures: Evaluation, tasks: readonly string[]): string[] {
  return [
    'lexical baseline', '', ratio(meanOverTasks(figures)), `${ratio(figures.meanF1.low)}-${ratio(figures.meanF1.high)}`, '', ratio(figures.meanAuc.value),
    ratio(figures.metrics.mean), ...tasks.map((task) => ratio(figures.tasks[task]?.f1.value)), '', ''
  ]
}

function meanOverTasks({ tasks }: Evaluation): number {
  return meanAndSpread(Object.values(tasks).map(({ f1 }) => zeroIfNone(f1.value))).mean
}

function signed(values: readonly number[]): string {
  if (values.length === 0) return ''
  const text = withSpread(values)
  return text.startsWith('-') ? text : `+${text}`
}

function zeroIfNone(f1: number): number {
  return Number.isNaN(f1) ? 0 : f1
}
