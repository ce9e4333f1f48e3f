import { join } from 'node:path'
import type { Study, StudyRun } from './study'

/** Summary of a finished run: `run.json` of its folder. */
export interface RunSummary {
  readonly parameters: number
  /** Seconds of its steps. */
  readonly seconds: number
}

/** The file of a set's scores in a run's folder, or of the baseline in the study's. */
export function scoresFile(folder: string, set: string): string {
  return join(folder, `scores.${set}.json`)
}

/** The folder of a study's run. */
export function runFolder({ out }: Study, { folder }: StudyRun): string {
  return join(out, 'runs', folder)
}
