import type { ScoredRow } from '@sohu-match/core'

export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly pairs: number
  /** Mean score, NaN without pairs. */
  readonly score: number
  /** Share of pairs with label 1. */
  readonly positive: number
}

/** How well scores match probabilities. */
export interface Calibration {
  readonly bins: readonly CalibrationBin[]
  /** Expected calibration error: mean distance of score and share, weighted by pairs (Guo et al. 2017). */
  readonly error: number
  /** Mean squared distance of score and label (Brier 1950). */
  readonly brier: number
}

/** Uses `count` bins of equal width. */
export function calibration(rows: readonly Pick<ScoredRow, 'score' | 'label'>[], count = 10): Calibration {
  const sums = Array.from({ length: count }, () => ({ pairs: 0, score: 0, positive: 0 }))
  let brier = 0
  for (const { score, label } of rows) {
    const bin = sums[Math.min(count - 1, Math.floor(score * count))]!
    bin.pairs++
    bin.score += score
    bin.positive += label
    brier += (score - label) ** 2 / rows.length
  }
  const bins = sums.map(({ pairs, score, positive }, i) => ({
    from: i / count,
    to: (i + 1) / count,
    pairs,
    score: score / pairs,
    positive: positive / pairs
  }))
  const error = bins.reduce(
    (sum, bin) => sum + (bin.pairs === 0 ? 0 : (bin.pairs / rows.length) * Math.abs(bin.score - bin.positive)),
    0
  )
  return { bins, error: rows.length === 0 ? NaN : error, brier: rows.length === 0 ? NaN : brier }
}
