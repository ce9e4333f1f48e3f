import type { TrainSettings } from '../config'
import { unjudged } from '../checkpoint/checkpoint'
import { beginTeaching, requireTeaching } from '../teacher/of-run'
import { execute, preparation, withTrainer, type RunHooks, type RunResult } from './execution'
import { FRESH_STATE } from './loop'
import { fitToMachine } from './machine'
import { prepare } from './prepare'
import { createRun, requireFresh } from './run-folder'
import type { RunSource } from './source'

export interface NewRun extends RunSource {
  readonly out: string
  readonly settings: TrainSettings
}

/** Trains a new run into `out`. Throws coded errors; nothing is written before data and settings have been checked. */
export async function startRun(run: NewRun, hooks: RunHooks = {}): Promise<RunResult> {
  const { out } = run
  await requireFresh(out)
  requireTeaching(run.settings, run.teacher)
  const { settings: fitted, without } = fitToMachine(run.settings)
  const prepared = await prepare(fitted, run, preparation(out, hooks))
  const { tasks } = prepared.config
  const opening = run.teacher === undefined ? undefined : beginTeaching(run.teacher, tasks, out, fitted)
  return withTrainer(fitted, prepared, opening, async (trainer, settings, teacher) => {
    const source = { ...run, ...(teacher && { teacherSha256: teacher.sha256 }) }
    const release = await createRun(out, { ...source, dataset: prepared.description, settings })
    try {
      const begin = { state: FRESH_STATE, findings: unjudged(tasks), without }
      return await execute({ out, settings, prepared, trainer, teacher, ...begin }, hooks)
    } finally {
      await release()
    }
  })
}
