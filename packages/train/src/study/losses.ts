import type { RunRecord } from '../run/metrics-log'
import { meanAndSpread, type StudyOutcome } from './outcome'
import type { TextRows } from '../report/figures'
import { withSpread } from './table'

/** Parts of a training whose losses are compared. */
const PARTS = 5

/** Mean training loss in each fifth of a run's updates; NaN for a fifth in which none was reported. */
export function lossByPart(records: readonly RunRecord[]): number[] {
  const reports = records.filter((record) => record.type === 'step')
  return Array.from({ length: PARTS }, (_, part) => {
    const inside = reports.filter(({ step, steps }) => Math.ceil((step * PARTS) / steps) === part + 1)
    return meanAndSpread(inside.map(({ loss }) => loss)).mean
  })
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
