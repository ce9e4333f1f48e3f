import type { Evaluation } from '../evaluate/evaluation'
import type { TextRows } from '../report/figures'
import { duration, ratio, whole } from '../report/format'
import { PARTS } from './losses'
import type { ArmOutcome, StudyOutcome } from './outcome'
import { meanAndSpread } from './spread'

/**
 * One row per arm, `mean ± standard deviation` over its seeds. The interval is the bootstrap's over pairs, averaged
 * over seeds; the difference to the first arm pairs the runs by seed.
 */
export function summaryRows({ arms, baseline }: StudyOutcome, set: string): TextRows {
  const lexical = baseline?.[set]
  return {
    head: [
      '',
      'seeds',
      'mean F1',
      '95 % of pairs',
      'to the first',
      'mean AUC',
      'mean of groups',
      'parameters',
      'training',
      'processor time'
    ],
    rows: [
      ...arms.filter(({ seeds }) => seeds.length > 0).map((arm) => summaryRow(arm, arms[0]!, set)),
      ...(lexical
        ? [
            [
              'lexical baseline',
              '',
              ratio(meanOverTasks(lexical)),
              ends(lexical.meanF1.low, lexical.meanF1.high),
              '',
              ratio(lexical.meanAuc.value),
              ratio(lexical.metrics.mean),
              '',
              '',
              ''
            ]
          ]
        : [])
    ]
  }
}

/** F1, or own score; one row per arm, `mean ± standard deviation` over its seeds. */
export function taskRows({ arms, baseline }: StudyOutcome, set: string): TextRows {
  const first = arms.find(({ seeds }) => seeds.length > 0)?.seeds[0]!.figures[set] ?? baseline?.[set]
  const tasks = Object.keys({ ...first?.tasks, ...first?.answers })
  return {
    head: ['F1', ...tasks],
    rows: [
      ...arms
        .filter(({ seeds }) => seeds.length > 0)
        .map((arm) => [arm.name, ...tasks.map((task) => withSpread(taskF1(arm, set, task)))]),
      ...(baseline ? [['lexical baseline', ...tasks.map((task) => ratio(baseline[set]!.tasks[task]?.f1.value))]] : [])
    ]
  }
}

/** One row per arm with one network, `mean ± standard deviation` over its seeds; no rows if there is no such arm. */
export function lossRows({ arms }: StudyOutcome): TextRows {
  return {
    head: ['training loss', ...Array.from({ length: PARTS }, (_, part) => `${(100 * (part + 1)) / PARTS} %`)],
    rows: arms.flatMap(({ name, seeds }) => {
      const known = seeds.flatMap(({ losses }) => (losses ? [losses] : []))
      if (known.length === 0) return []
      return [[name, ...Array.from({ length: PARTS }, (_, part) => withSpread(known.map((of) => of[part]!)))]]
    })
  }
}

/** `0.766 ± 0.012`, or the number alone if there is only one. */
export function withSpread(values: readonly number[]): string {
  const { mean, spread } = meanAndSpread(values)
  return Number.isNaN(spread) ? ratio(mean) : `${ratio(mean)} ± ${ratio(spread)}`
}

/** In each seed; 0 if it is NaN. */
export function taskF1({ seeds }: ArmOutcome, set: string, task: string): number[] {
  return seeds.map(({ figures }) => zeroIfNone(scoreOf(figures[set]!, task)))
}

/** Over tasks, in each seed. */
export function meanF1({ seeds }: ArmOutcome, set: string): number[] {
  return seeds.map(({ figures }) => meanOverTasks(figures[set]!))
}

function summaryRow(arm: ArmOutcome, first: ArmOutcome, set: string): string[] {
  const figures = arm.seeds.map((seed) => seed.figures[set]!)
  const mean = (values: readonly number[]): number => meanAndSpread(values).mean
  const paired = arm.seeds.flatMap(({ seed, figures: own }) => {
    const other = first.seeds.find((one) => one.seed === seed)
    return other ? [meanOverTasks(own[set]!) - meanOverTasks(other.figures[set]!)] : []
  })
  return [
    arm.name,
    String(arm.seeds.length),
    withSpread(meanF1(arm, set)),
    ends(mean(figures.map((one) => one.meanF1.low)), mean(figures.map((one) => one.meanF1.high))),
    arm === first ? '' : signed(paired),
    withSpread(figures.map(({ meanAuc }) => meanAuc.value)),
    withSpread(figures.map(({ metrics }) => zeroIfNone(metrics.mean))),
    whole(arm.seeds[0]!.parameters),
    duration(mean(arm.seeds.map(({ seconds }) => seconds))),
    duration(mean(arm.seeds.map(({ processorSeconds }) => processorSeconds)))
  ]
}

function ends(low: number, high: number): string {
  return `${ratio(low)}-${ratio(high)}`
}

function meanOverTasks(figures: Evaluation): number {
  const names = Object.keys({ ...figures.tasks, ...figures.answers })
  return meanAndSpread(names.map((name) => zeroIfNone(scoreOf(figures, name)))).mean
}

/** F1 of a match task, the own score of another. */
function scoreOf({ tasks, answers }: Evaluation, name: string): number {
  return tasks[name]?.f1.value ?? answers?.[name]?.value ?? NaN
}

function signed(values: readonly number[]): string {
  if (values.length === 0) return ''
  const text = withSpread(values)
  return text.startsWith('-') ? text : `+${text}`
}

function zeroIfNone(f1: number): number {
  return Number.isNaN(f1) ? 0 : f1
}
