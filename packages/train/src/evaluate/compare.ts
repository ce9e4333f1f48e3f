import { thresholdOf, type ScoredRow, type TaskSpec, type Thresholds } from '@sohu-match/core'
import { createRandom } from '../data/random'
import { interval, RESAMPLINGS, weightedAuc, weightedCounts, type Interval } from './bootstrap'

export const COMPARED = ['f1', 'accuracy', 'auc'] as const
export type ComparedMetric = (typeof COMPARED)[number]

/** One metric of two models on the same pairs, and its difference, with paired 95 % bootstrap intervals. */
export interface Compared {
  readonly one: Interval
  readonly other: Interval
  readonly difference: Interval
}

export interface TaskComparison {
  readonly task: string
  readonly pairs: number
  readonly metrics: Readonly<Record<ComparedMetric, Compared>>
}

/** `thresholds` by task name. */
export interface ScoredModel {
  readonly rows: readonly ScoredRow[]
  readonly thresholds: Thresholds
}

/**
 * Compares two models on the same pairs in the same order. Every resampling draws pairs with replacement and measures
 * both models on them (Efron and Tibshirani 1993, section 16.4). Pairs are treated as independent; intervals are too
 * narrow if they share texts.
 */
export function compareModels(
  one: ScoredModel,
  other: ScoredModel,
  tasks: readonly TaskSpec[],
  { seed = 0, resamplings = RESAMPLINGS }: { seed?: number; resamplings?: number } = {}
): TaskComparison[] {
  return tasks.flatMap(({ id, name }) => {
    const indices = one.rows.flatMap((row, i) => (row.task === id ? [i] : []))
    if (indices.length === 0) return []
    const ranked = [one, other].map(({ rows, thresholds }) =>
      rankedRows(
        indices.map((i) => rows[i]!),
        thresholdOf(thresholds, name)
      )
    ) as [RankedRows, RankedRows]
    const random = createRandom('compare', seed, name)
    const drawn = Array.from({ length: resamplings }, () => {
      const weights = new Int32Array(indices.length)
      for (let k = 0; k < indices.length; k++) weights[random.below(indices.length)]!++
      return ranked.map((rows) => measured(rows, weights))
    })
    const whole = ranked.map((rows) => measured(rows, new Int32Array(indices.length).fill(1)))
    const compared = (metric: ComparedMetric): Compared => {
      const values = [0, 1].map((k) => Float64Array.from(drawn, (pair) => pair[k]![metric]))
      const [here, there] = whole.map((metrics) => metrics[metric]) as [number, number]
      return {
        one: interval(here, values[0]!),
        other: interval(there, values[1]!),
        difference: interval(
          here - there,
          values[0]!.map((value, i) => value - values[1]![i]!)
        )
      }
    }
    return [
      {
        task: name,
        pairs: indices.length,
        metrics: { f1: compared('f1'), accuracy: compared('accuracy'), auc: compared('auc') }
      }
    ]
  })
}

/** The sign of a significant difference: its interval does not contain 0. */
export function verdict({ difference: { low, high } }: Compared): 'better' | 'worse' | 'undecided' {
  return low > 0 ? 'better' : high < 0 ? 'worse' : 'undecided'
}

/** Rows in ascending order of score, with their indices in the order that both models share. */
interface RankedRows {
  readonly rows: readonly ScoredRow[]
  readonly places: readonly number[]
}

function rankedRows(rows: readonly ScoredRow[], threshold: number): RankedRows {
  const places = rows.map((_, i) => i).sort((i, k) => rows[i]!.score - rows[k]!.score)
  return { rows: places.map((i) => ({ ...rows[i]!, predicted: rows[i]!.score > threshold ? 1 : 0 })), places }
}

function measured({ rows, places }: RankedRows, weights: Int32Array): Record<ComparedMetric, number> {
  const sorted = Int32Array.from(places, (place) => weights[place]!)
  return { ...weightedCounts(rows, sorted), auc: weightedAuc(rows, sorted) }
}
