import type { ScoredRow } from '@sohu-match/core'

/**
 * Pairs whose label a network contradicts with confidence, most confident first: it is on the wrong side of the threshold, and the score of
 * the other label is at least what pairs of that label have on average (confident learning, Northcutt et al. 2021, arXiv:1911.00068). The
 * scores must be of a network that was not trained on these pairs: one that has seen a label repeats it.
 */
export function doubtfulLabels<R extends ScoredRow>(rows: readonly R[]): R[] {
  const confidence = new Map<string, number>()
  const scoreOf = ({ score }: R, label: 0 | 1): number => (label === 1 ? score : 1 - score)
  for (const task of new Set(rows.map((row) => row.task)))
    for (const label of [0, 1] as const) {
      const of = rows.filter((row) => row.task === task && row.label === label)
      const sum = of.reduce((total, row) => total + scoreOf(row, label), 0)
      confidence.set(`${task} ${label}`, sum / of.length) // NaN without such pairs: then nothing is that confident
    }
  return rows
    .filter((row) => {
      const other = row.label === 1 ? 0 : 1
      return row.predicted === other && scoreOf(row, other) >= confidence.get(`${row.task} ${other}`)!
    })
    .sort((one, two) => Math.abs(two.score - two.label) - Math.abs(one.score - one.label))
}
