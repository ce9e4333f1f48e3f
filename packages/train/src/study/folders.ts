import { join } from 'node:path'
import type { Study, StudyRun } from './study'

/** `run.json` of a finished run's folder. */
export interface RunSummary {
  readonly parameters: number
  readonly seconds: number
}

/** A set's scores in a run's folder, or the baseline's in the study's. */
export function scoresFile(folder: string, set: string): string {
  return join(folder, `scores.${set}.json`)
}

export function runFolder({ out }: Study, { folder }: StudyRun): string {
  return join(out, 'runs', folder)
}
