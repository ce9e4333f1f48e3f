import { join } from 'node:path'
import { parseModelConfig } from '@sohu-match/core'
import { readJson } from '@sohu-match/node'
import { unjudged } from '../checkpoint/checkpoint'
import { requireSameDataset } from '../data/fingerprint'
import { selectionScore } from '../evaluate/selection'
import { resumeTeaching } from '../teacher/of-run'
import { execute, preparation, withTrainer, type RunHooks, type RunResult } from './execution'
import { FRESH_STATE, type TrainingState } from './loop'
import { withoutKernels } from './machine'
import { prepare } from './prepare'
import { hasLast, lockRun, readRun, restoreFindings, restoreLast, tidyRun, type BestFindings } from './run-folder'

/**
 * Resumes the run in `out` from its `last/` (from the beginning if it has none yet), exactly as if it had not been interrupted. Throws
 * `data-invalid` if its data has changed, `output-exists` while another process trains in `out`.
 */
export async function resumeRun(out: string, hooks: RunHooks = {}): Promise<RunResult> {
  const run = await readRun(out)
  const release = await lockRun(out)
  try {
    await tidyRun(out)
    const last = (await hasLast(out)) ? join(out, 'last') : undefined
    const known = run.dataset ?? (last === undefined ? undefined : { tasks: await checkpointTasks(last) })
    const prepared = await prepare(run.settings, last === undefined ? run : { ...run, init: last }, {
      ...preparation(out, hooks),
      onData: (description) => requireSameDataset(run.data, out, known, description)
    })
    const { tasks } = prepared.config
    const opening =
      run.teacher === undefined
        ? undefined
        : resumeTeaching(run.teacher, run.teacherSha256 ?? '', tasks, out, run.settings)
    return await withTrainer(run.settings, prepared, opening, async (trainer, settings, teacher) => {
      const findings = last === undefined ? unjudged(tasks) : await restoreFindings(out, tasks)
      const state = last === undefined ? FRESH_STATE : comparable(await restoreLast(out, trainer), findings)
      const without = withoutKernels(settings)
      return execute({ out, settings, prepared, trainer, teacher, state, findings, without }, hooks)
    })
  } finally {
    await release()
  }
}

async function checkpointTasks(folder: string): Promise<string[]> {
  const path = join(folder, 'config.json')
  const json = await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  return parseModelConfig(json, path).tasks.map(({ name }) => name)
}

/**
 * The state with its best score by today's measure. Older runs have a best of 0 before the first (then no epoch has metrics), and the oldest kept
 * F1 at 0.5 (then the metrics name no threshold).
 */
function comparable({ best, ...state }: TrainingState, { metrics }: BestFindings): TrainingState {
  if (best === undefined || metrics.epoch === undefined) return state
  const old = Object.values(metrics.tasks).some(({ threshold }) => threshold === undefined)
  return { ...state, best: old ? selectionScore(metrics) || 0 : best }
}
