import { join } from 'node:path'
import { readJson } from '@sohu-match/node'
import { exists } from '../checkpoint/checkpoint'
import { evaluation, type Evaluation } from '../evaluate/evaluation'
import { readRecords } from '../run/metrics-log'
import { runFolder, scoresFile, type RunSummary } from './folders'
import { lossByPart } from './losses'
import { mergedScores, readScores } from './scores'
import type { Study, StudyRun } from './study'

/** The result of an arm with one seed; if each task has its own network, of all of them together. */
export interface SeedOutcome {
  readonly seed: number
  readonly parameters: number
  /** Of the steps and of asking the teacher: wall-clock time, and time on all processors (NaN in older folders). */
  readonly seconds: number
  readonly processorSeconds: number
  /** Mean training loss in each fifth of the updates; absent if each task has its own network. */
  readonly losses?: readonly number[]
  /** By evaluation set. */
  readonly figures: Readonly<Record<string, Evaluation>>
}

/** Finished seeds only. */
export interface ArmOutcome {
  readonly name: string
  readonly seeds: readonly SeedOutcome[]
}

export interface StudyOutcome {
  readonly arms: readonly ArmOutcome[]
  /** The lexical baseline by evaluation set; absent if the study has none. */
  readonly baseline?: Readonly<Record<string, Evaluation>>
}

/** An arm's seed counts once all its runs are scored. `known` caches results between calls. */
export async function readOutcome(
  study: Study,
  runs: readonly StudyRun[],
  known = new Map<string, SeedOutcome>()
): Promise<StudyOutcome> {
  const arms: ArmOutcome[] = []
  for (const { name } of study.arms) {
    const seeds: SeedOutcome[] = []
    for (const seed of study.seeds) {
      const key = `${name}\n${seed}`
      const found =
        known.get(key) ??
        (await seedOutcome(
          study,
          runs.filter((run) => run.arm === name && run.seed === seed),
          seed
        ))
      if (found) known.set(key, found)
      if (found) seeds.push(found)
    }
    arms.push({ name, seeds })
  }
  const baseline = study.baseline && (await figuresOf(study, [study.out]))
  return { arms, ...(baseline && { baseline }) }
}

async function seedOutcome(study: Study, runs: readonly StudyRun[], seed: number): Promise<SeedOutcome | undefined> {
  const folders = runs.map((run) => runFolder(study, run))
  const figures = await figuresOf(study, folders)
  if (!figures) return undefined
  const summaries = await Promise.all(
    folders.map((folder) => readJson(join(folder, 'run.json'), 'data-invalid', 'data-invalid') as Promise<RunSummary>)
  )
  const total = (figure: keyof RunSummary): number =>
    summaries.reduce((sum, summary) => sum + (summary[figure] ?? NaN), 0)
  const losses = folders.length === 1 && lossByPart(await readRecords(folders[0]!))
  return {
    seed,
    parameters: total('parameters'),
    seconds: total('seconds'),
    processorSeconds: total('processorSeconds'),
    ...(losses && { losses }),
    figures
  }
}

/** Evaluates the networks in these folders together; undefined while one of them lacks scores. */
async function figuresOf(study: Study, folders: readonly string[]): Promise<Record<string, Evaluation> | undefined> {
  const figures: Record<string, Evaluation> = {}
  for (const { name } of study.evaluate) {
    const paths = folders.map((folder) => scoresFile(folder, name))
    if ((await Promise.all(paths.map(exists))).includes(false)) return undefined
    const { rows, tasks, thresholds, answers = [] } = mergedScores(await Promise.all(paths.map(readScores)))
    figures[name] = evaluation(rows, tasks, thresholds, { answers })
  }
  return figures
}
