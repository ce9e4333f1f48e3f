import type { ScoredRow } from '@sohu-match/core'
import { createRandom, type Random } from '../data/random'

/** A value with its 95 % bootstrap interval. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** F1 and AUC, one value per resampling. */
export interface Resampled {
  readonly f1: Float64Array
  readonly auc: Float64Array
}

/** Enough for stable ends in the second decimal (Efron and Tibshirani 1993, section 13.3). */
export const RESAMPLINGS = 1000

/** F1 of `predicted` and AUC of `score` on rows of one task drawn with replacement, `count` times. */
export function resample(rows: readonly ScoredRow[], count: number, random: Random): Resampled {
  const sorted = [...rows].sort((one, other) => one.score - other.score)
  const drawn = new Int32Array(rows.length)
  const result = { f1: new Float64Array(count), auc: new Float64Array(count) }
  for (let i = 0; i < count; i++) {
    drawn.fill(0)
    for (let k = 0; k < rows.length; k++) drawn[random.below(rows.length)]!++
    result.f1[i] = weightedCounts(sorted, drawn).f1
    result.auc[i] = weightedAuc(sorted, drawn)
  }
  return result
}

/** The 95 % percentile interval; NaN is omitted. */
export function interval(value: number, resampled: Float64Array): Interval {
  const sorted = resampled.filter((figure) => !Number.isNaN(figure)).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
  return { value, low: at(0.025), high: at(0.975) }
}

/** By task name. Every task uses the same seed, but rows of different tasks are drawn independently. */
export function resampleTasks(
  tasks: ReadonlyMap<string, readonly ScoredRow[]>,
  seed: number,
  count = RESAMPLINGS
): Map<string, Resampled> {
  return new Map([...tasks].map(([name, rows]) => [name, resample(rows, count, createRandom('bootstrap', seed, name))]))
}

/** A figure of the rows of a task drawn with replacement, `count` times. */
export function resampleRows<Row>(
  rows: readonly Row[],
  figure: (drawn: readonly Row[]) => number,
  seed: number,
  name: string,
  count = RESAMPLINGS
): Float64Array {
  const random = createRandom('bootstrap', seed, name)
  return Float64Array.from({ length: count }, () => figure(rows.map(() => rows[random.below(rows.length)]!)))
}

/** Elementwise, as for the mean over tasks. */
export function meanOf(figures: readonly Float64Array[]): Float64Array {
  return Float64Array.from(
    figures[0] ?? [],
    (_, i) => figures.reduce((sum, figure) => sum + figure[i]!, 0) / figures.length
  )
}

/** F1 of the positive class and accuracy of weighted rows. */
export function weightedCounts(
  rows: readonly ScoredRow[],
  weights: Int32Array
): { readonly f1: number; readonly accuracy: number } {
  let [hits, marked, right, all] = [0, 0, 0, 0]
  rows.forEach(({ label, predicted }, i) => {
    const weight = weights[i]!
    hits += weight * (label & predicted)
    marked += weight * (label + predicted)
    right += label === predicted ? weight : 0
    all += weight
  })
  return { f1: (2 * hits) / marked, accuracy: right / all }
}

/** Area under the ROC curve of weighted rows in ascending order of score; a tie counts half. */
export function weightedAuc(rows: readonly ScoredRow[], weights: Int32Array): number {
  let [below, wins, positives] = [0, 0, 0] // negatives so far; (negative, positive) pairs in order
  for (let start = 0; start < rows.length;) {
    let [tiedNegatives, tiedPositives] = [0, 0]
    let end = start
    for (; end < rows.length && rows[end]!.score === rows[start]!.score; end++) {
      if (rows[end]!.label === 1) tiedPositives += weights[end]!
      else tiedNegatives += weights[end]!
    }
    wins += tiedPositives * (below + tiedNegatives / 2)
    below += tiedNegatives
    positives += tiedPositives
    start = end
  }
  return wins / (positives * below)
}
