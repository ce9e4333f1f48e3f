import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MatcherError, type ModelConfig, type TaskSpec } from '@sohu-match/core'
import { PROJECTION } from '../autograd/distil'
import type { Arithmetic } from '../autograd/training-ops'
import type { TrainSettings } from '../config'
import { initialVariables } from '../initialization/parameters'
import type { Variable } from '../optimizer/variable'
import { logMetrics } from '../run/metrics-log'
import { stopwatch } from '../step/stopwatch'
import { askTeacher, readTargets, writeTargets, type Question, type TeacherTargets } from './targets'
import { openTeacher } from './teacher'

/** The teacher's outputs in a run's folder. */
export const TARGETS_FILE = 'teacher.safetensors'

/** A teacher, or the file of its outputs. */
export interface RunTeacher {
  readonly sha256: string
  /** Absent if it has no vectors. */
  readonly vectorWidth?: number | undefined
  /** Written to the run's folder the first time, and the time it took to its log. Throws `checkpoint-invalid`, `inference-failed`, `storage`. */
  targets(question: Question, onProgress?: (done: number, total: number) => void): Promise<TeacherTargets>
  /** Frees its weights; may be called twice. */
  dispose(): Promise<void>
}

/** For the run in `out`, with its precision and kernels. Throws as `openTeacher`. */
export async function beginTeaching(
  folder: string,
  tasks: readonly TaskSpec[],
  out: string,
  { precision, kernels }: Arithmetic
): Promise<RunTeacher> {
  const teacher = await openTeacher(folder, tasks, { precision, kernels })
  let open = true
  return {
    sha256: teacher.sha256,
    ...(teacher.network.architecture === 'bi-encoder' && { vectorWidth: teacher.network.width }),
    targets: async (question, onProgress) => {
      const elapsed = stopwatch()
      const targets = await askTeacher(teacher, question, onProgress)
      const time = elapsed()
      await writeTargets(join(out, TARGETS_FILE), targets)
      await logMetrics(out, { type: 'teacher', step: 0, pairs: question.shown.length, ...time })
      return targets
    },
    dispose: async () => {
      if (open) await teacher.dispose()
      open = false
    }
  }
}

/** Reads the outputs if they exist; else opens the same teacher. Throws `checkpoint-invalid` if it has changed. */
export async function resumeTeaching(
  folder: string,
  sha256: string,
  tasks: readonly TaskSpec[],
  out: string,
  arithmetic: Arithmetic
): Promise<RunTeacher> {
  const path = join(out, TARGETS_FILE)
  if (existsSync(path)) return kept(path, sha256)
  const teacher = await beginTeaching(folder, tasks, out, arithmetic)
  if (teacher.sha256 === sha256) return teacher
  await teacher.dispose()
  throw new MatcherError(
    'checkpoint-invalid',
    `The teacher in ${folder} has changed since the run in ${out} was started; put it back, or start another run.`
  )
}

function kept(path: string, sha256: string): RunTeacher {
  const targets = readTargets(path)
  return {
    sha256,
    vectorWidth: targets.texts?.width,
    targets: async ({ examples: { length } }) => {
      if (targets.logits.length === length) return targets
      throw new MatcherError(
        'checkpoint-invalid',
        `${path} has scores of ${targets.logits.length} pairs, the data ${length}; delete it, and the teacher will be run again.`
      )
    },
    dispose: async () => undefined
  }
}

/** Throws `config-invalid` for a teacher that no loss uses, and for settings that need one if there is none. */
export function requireTeaching({ distillWeight, distillEpochs }: TrainSettings, teacher: string | undefined): void {
  const asked = distillWeight > 0 || distillEpochs > 0
  if (asked === (teacher !== undefined)) return
  throw new MatcherError(
    'config-invalid',
    asked
      ? 'distill_weight and distill_epochs follow a teacher, and there is none; add --teacher DIR.'
      : `The teacher in ${teacher} is not followed; set distill_epochs (the teacher before labels) or distill_weight (beside them).`
  )
}

/** Throws `config-invalid` if vectors are to be followed that either side does not have. */
export function requireVectors(
  { distillTargets }: TrainSettings,
  teacher: RunTeacher,
  { architecture }: ModelConfig
): void {
  if (distillTargets === 'scores') return
  const lacking = architecture !== 'bi-encoder' ? 'this network' : teacher.vectorWidth === undefined && 'the teacher'
  if (!lacking) return
  throw new MatcherError(
    'config-invalid',
    `distill_targets is "${distillTargets}", but ${lacking} is a cross-encoder, which has no vectors; set it to "scores".`
  )
}

/** The projection to a teacher's vectors, if they are followed and have another width. */
export function projection(
  { distillTargets, seed }: TrainSettings,
  { vectorWidth }: RunTeacher,
  { hiddenSize }: ModelConfig
): ReadonlyMap<string, Variable> {
  if (distillTargets === 'scores' || vectorWidth === undefined || vectorWidth === hiddenSize) return new Map()
  return initialVariables([{ name: PROJECTION, shape: [hiddenSize, vectorWidth], init: 'glorot-uniform' }], seed)
}
