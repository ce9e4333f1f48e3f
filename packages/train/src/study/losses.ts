import type { RunRecord } from '../run/metrics-log'
import { meanAndSpread } from './spread'

/** Parts of a training whose losses are compared. */
export const PARTS = 5

/** Mean training loss in each fifth of a run's updates; NaN for a fifth in which none was reported. */
export function lossByPart(records: readonly RunRecord[]): number[] {
  const reports = records.filter((record) => record.type === 'step')
  return Array.from({ length: PARTS }, (_, part) => {
    const inside = reports.filter(({ step, steps }) => Math.ceil((step * PARTS) / steps) === part + 1)
    return meanAndSpread(inside.map(({ loss }) => loss)).mean
  })
}
