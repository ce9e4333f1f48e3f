import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { MatcherError, parseModelConfig, type TaskSpec } from '@sohu-match/core'
import { readDataset, readJson, storageError, userPath, writeFileAtomic, type Dataset } from '@sohu-match/node'
import { exists } from '../checkpoint/checkpoint'
import type { Elapsed } from '../step/stopwatch'
import { trainSettingsToJson } from '../config'
import { describeDataset, fingerprintOf, requireSameDataset } from '../data/fingerprint'
import { forTasks, onlyTasks } from '../data/for-tasks'
import { jiebaWords } from '../checkpoint/dictionary'
import { parameterCount } from '../initialization/parameters'
import { lexicalBaselineOf, lexicalScores } from '../lexical/beside'
import { readRecords } from '../run/metrics-log'
import type { RunHooks } from '../run/execution'
import { resumeRun } from '../run/resume'
import { readRun } from '../run/run-folder'
import type { RunSource } from '../run/source'
import { startRun } from '../run/start'
import { scoreSplit } from '../evaluate/scoring'
import { runFolder, scoresFile, type RunSummary } from './folders'
import { readOutcome, type SeedOutcome, type StudyOutcome } from './outcome'
import { publishStudy } from './publish'
import { requireSamePairs, writeScores } from './scores'
import { planRuns, type EvaluationSet, type Study, type StudyRun } from './study'
import { keptValidScores } from './valid-scores'

export interface StudyHooks {
  /** A run starts or resumes: number `index` (from 0) of `total`. */
  readonly onRun?: (run: StudyRun, index: number, total: number) => void
  /** The page has been rewritten with everything that is finished. */
  readonly onOutcome?: (outcome: StudyOutcome) => void
  /** Hooks of each run. */
  readonly run?: RunHooks
  /** Resolves the weights that an arm names. Default: the name is a path. */
  readonly weightsFolder?: (name: string) => Promise<string>
}

/**
 * Finished runs are skipped, an interrupted one is resumed. Returns false if `stopping` ended it early. A finished run
 * keeps `best/` and loses `last/`. Throws `output-exists` if a run's folder was made with other settings.
 */
export async function runStudy(study: Study, hooks: StudyHooks = {}): Promise<boolean> {
  const unlabelled = study.arms.some(({ teacher }) => teacher !== undefined)
  const dataset = await readDataset(study.data, ['train', 'valid'], { unlabelled })
  const tasks = dataset.tasks.filter(({ id }) => dataset.splits.train.some(({ task }) => task === id))
  const runs = await planRuns(study, tasks)
  await mkdir(join(study.out, 'runs'), { recursive: true }).catch((cause: unknown) => {
    throw storageError('make the folder', study.out, cause)
  })
  const sets = await describedSets(study)
  if (study.baseline) await judgeBaseline(study, sets, tasks)
  const known = new Map<string, SeedOutcome>()
  const tell = async (done: number): Promise<void> => {
    const outcome = await readOutcome(study, runs, known)
    await publishStudy(study, outcome, { planned: runs.length, done })
    hooks.onOutcome?.(outcome)
  }
  for (const [index, run] of runs.entries()) {
    hooks.onRun?.(run, index, runs.length)
    if (!(await train(study, run, dataset, hooks))) return false
    await judge(study, run, sets)
    await tell(index + 1)
  }
  return true
}

async function train(
  study: Study,
  run: StudyRun,
  dataset: Dataset,
  { run: hooks = {}, weightsFolder = async (name) => userPath(name) }: StudyHooks
): Promise<boolean> {
  const out = runFolder(study, run)
  const weights: { init?: string; teacher?: string } = {}
  for (const key of ['init', 'teacher'] as const)
    if (run[key] !== undefined) weights[key] = await weightsFolder(run[key])
  if (await exists(join(out, 'run.json'))) {
    await requireSame({ ...weights, data: study.data }, run, dataset, out)
    return true
  }
  const begun = await exists(join(out, 'train.json'))
  if (begun) await requireSame({ ...weights, data: study.data }, run, dataset, out)
  const { finished } = begun
    ? await resumeRun(out, hooks)
    : await startRun({ ...weights, data: study.data, out, settings: run.settings }, hooks)
  if (finished) await conclude(out)
  return finished
}

/**
 * Throws `output-exists` if the folder's run has other settings, `data-invalid` if the data has changed since it began.
 */
async function requireSame(source: RunSource, { settings }: StudyRun, dataset: Dataset, out: string): Promise<void> {
  const there = await readRun(out)
  const stored = trainSettingsToJson(there.settings)
  const differs = Object.entries(trainSettingsToJson(settings)).find(
    ([key, asked]) => !isAsAsked(key, asked, stored[key])
  )?.[0]
  const other = differs ?? (['data', 'init', 'teacher'] as const).find((key) => there[key] !== source[key])
  if (other === undefined)
    return requireSameDataset(source.data, out, there.dataset, describeDataset(onlyTasks(dataset, settings.onlyTasks)))
  throw new MatcherError(
    'output-exists',
    `${out} holds a run with another ${differs ?? `--${other}`}; name another --out, or delete that folder.`
  )
}

/**
 * A run records what it resolved: a number for `auto`, float32 or plain if the machine lacks bfloat16 or fused kernels.
 */
function isAsAsked(key: string, asked: unknown, stored: unknown): boolean {
  if (key === 'batch_tokens' && asked === 'auto') return true
  if (key === 'precision' && asked === 'bfloat16') return true
  if (key === 'kernels' && asked === 'auto') return true
  return isDeepStrictEqual(asked, stored)
}

async function conclude(out: string): Promise<void> {
  const best = await exists(join(out, 'best'))
  const json = await readJson(
    join(out, best ? 'best' : 'last', 'config.json'),
    'checkpoint-invalid',
    'checkpoint-invalid'
  )
  const parameters = parameterCount(parseModelConfig(json))
  const timed = (await readRecords(out)).filter((record) => record.type !== 'epoch')
  const total = (figure: keyof Elapsed): number => timed.reduce((sum, record) => sum + record[figure], 0)
  const summary: RunSummary = { parameters, seconds: total('seconds'), processorSeconds: total('processorSeconds') }
  await writeFileAtomic(join(out, 'run.json'), JSON.stringify(summary))
  if (best) await rm(join(out, 'last'), { recursive: true, force: true })
}

interface DescribedSet extends EvaluationSet {
  readonly fingerprint: string
}

async function describedSets({ evaluate }: Study): Promise<DescribedSet[]> {
  const sets: DescribedSet[] = []
  for (const set of evaluate) {
    const { tasks, splits } = await readDataset(set.data, [set.split])
    sets.push({ ...set, fingerprint: fingerprintOf(tasks, splits[set.split]) })
  }
  return sets
}

/** Skips sets that have scores. A run without `best/`, because no epoch scored above 0, is evaluated with `last/`. */
async function judge(study: Study, run: StudyRun, sets: readonly DescribedSet[]): Promise<void> {
  const out = runFolder(study, run)
  const checkpoint = join(out, (await exists(join(out, 'best'))) ? 'best' : 'last')
  for (const set of sets) {
    const path = scoresFile(out, set.name)
    if (await exists(path)) {
      await requireSamePairs(path, set)
      continue
    }
    const own = set.split === 'valid' && set.data === study.data
    const { config, thresholds, rows, answers } =
      (own ? await keptValidScores(checkpoint, set.data) : undefined) ??
      (await scoreSplit({ checkpoint, data: set.data, split: set.split }))
    await writeScores(path, { tasks: config.tasks, thresholds, rows, answers, data: set.fingerprint })
  }
}

async function judgeBaseline(study: Study, sets: readonly DescribedSet[], tasks: readonly TaskSpec[]): Promise<void> {
  const wanted: DescribedSet[] = []
  for (const set of sets) {
    const path = scoresFile(study.out, set.name)
    if (await exists(path)) await requireSamePairs(path, set)
    else wanted.push(set)
  }
  if (wanted.length === 0) return
  const numbered = tasks.map((task, id) => ({ ...task, id }))
  const baseline = await lexicalBaselineOf({ data: study.data }, numbered, await jiebaWords())
  for (const { name, data, split, fingerprint } of wanted) {
    const { splits } = forTasks(await readDataset(data, [split]), numbered)
    const scores = lexicalScores(
      baseline,
      numbered,
      splits[split].map((example) => ({ ...example, tokens: 0 }))
    )
    await writeScores(scoresFile(study.out, name), { ...scores, data: fingerprint })
  }
}
