import { join } from 'node:path'
import type { Study, StudyRun } from './study'

/** `run.json` of a finished run's folder. */
export interface RunSummary {
  readonly parameters: number
  /** Wall-clock time of the steps and of asking the teacher. */
  readonly seconds: number
  /** On all processors, of the same. Absent in folders of older studies, null where a part of the run is older. */
  readonly processorSeconds?: number | null
}

/** A set's scores in a run's folder, or the baseline's in the study's. */
export function scoresFile(folder: string, set: string): string {
  return join(folder, `scores.${set}.json`)
}

export function runFolder({ out }: Study, { folder }: StudyRun): string {
  return join(out, 'runs', folder)
}
