import { basename } from 'node:path'
import { describeIssues, MatcherError, type TaskSpec } from '@sohu-match/core'
import { namedJson, readJson, userPath, type SplitName } from '@sohu-match/node'
import * as v from 'valibot'
import { parseTrainSettings, presets, withValue, type TrainSettings } from '../config'
import { STUDIES } from '../study-folder'

export interface EvaluationSet {
  readonly name: string
  readonly data: string
  readonly split: SplitName
}

/** One side of a comparison. */
export interface StudyArm {
  readonly name: string
  readonly set: Readonly<Record<string, unknown>>
  readonly eachTask: boolean
  /** As `--init` and `--teacher`: a folder or the name of public weights. */
  readonly init?: string | undefined
  readonly teacher?: string | undefined
}

/** A grid of runs, read from JSON: arms x seeds, evaluated on the same pairs. */
export interface Study {
  readonly name: string
  readonly question: string
  readonly preset: string
  readonly set: Readonly<Record<string, unknown>>
  readonly data: string
  readonly evaluate: readonly EvaluationSet[]
  readonly seeds: readonly number[]
  /** Adds the lexical baseline, fitted on the train split of `data`, to the comparison. */
  readonly baseline: boolean
  readonly arms: readonly StudyArm[]
  readonly out: string
}

/** One training of a study. `task` is set if each task has its own network. */
export interface StudyRun {
  readonly arm: string
  readonly seed: number
  readonly task?: string
  /** Name of its folder in the study's `runs/`. */
  readonly folder: string
  readonly settings: TrainSettings
  readonly init?: string | undefined
  readonly teacher?: string | undefined
}

const name = v.pipe(v.string(), v.nonEmpty())
const overrides = v.optional(v.record(v.string(), v.unknown()), {})
const schema = v.strictObject({
  question: name,
  preset: name,
  set: overrides,
  data: name,
  evaluate: v.optional(
    v.array(
      v.strictObject({ name, data: v.optional(v.string()), split: v.optional(v.picklist(['valid', 'test']), 'test') })
    ),
    [{ name: 'test' }]
  ),
  seeds: v.pipe(v.array(v.pipe(v.number(), v.integer())), v.nonEmpty()),
  baseline: v.optional(v.boolean(), false),
  arms: v.pipe(
    v.array(
      v.strictObject({
        name,
        set: overrides,
        each_task: v.optional(v.boolean(), false),
        init: v.optional(name),
        teacher: v.optional(name)
      })
    ),
    v.nonEmpty()
  ),
  out: name
})

export const studies = namedJson(STUDIES, 'study')

/** Reads a shipped study by name, or a JSON file; paths in it are the user's. Throws `config-invalid`. */
export async function readStudy(
  nameOrFile: string,
  { data, out }: { data?: string | undefined; out?: string | undefined } = {}
): Promise<Study> {
  const own = nameOrFile.endsWith('.json')
  const path = own ? userPath(nameOrFile) : `${nameOrFile}.json`
  const json = own ? await readJson(path, 'config-invalid', 'config-invalid') : await studies.read(nameOrFile)
  const parsed = v.safeParse(schema, json)
  if (!parsed.success) throw new MatcherError('config-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  const { arms, evaluate, ...study } = parsed.output
  const repeated = arms.find((arm, i) => arms.findIndex((other) => slug(other.name) === slug(arm.name)) !== i)
  if (repeated)
    throw new MatcherError(
      'config-invalid',
      `${path}: two arms have the folder name "${slug(repeated.name)}"; give each its own name.`
    )
  const trainData = userPath(data ?? study.data)
  return {
    ...study,
    name: basename(path, '.json'),
    data: trainData,
    out: userPath(out ?? study.out),
    arms: arms.map(({ each_task: eachTask, ...arm }) => ({ ...arm, eachTask })),
    evaluate: evaluate.map((set) => ({ ...set, data: set.data === undefined ? trainData : userPath(set.data) }))
  }
}

/** Every run of a study: all arms with the first seed, then with the next, so that a comparison is complete early. */
export async function planRuns(study: Study, tasks: readonly TaskSpec[]): Promise<StudyRun[]> {
  const preset = await presets.read(study.preset)
  return study.seeds.flatMap((seed) =>
    study.arms.flatMap((arm) => {
      const networks = arm.eachTask ? tasks.map(({ name: task }) => task) : [undefined]
      return networks.map((task): StudyRun => {
        const changes = { ...study.set, ...arm.set, seed, ...(task !== undefined && { only_tasks: [task] }) }
        const json = Object.entries(changes).reduce(
          (config, [path, value]) => withValue(config, path.split('.'), value),
          preset
        )
        const folder = [slug(arm.name), `seed-${seed}`, ...(task === undefined ? [] : [slug(task)])].join('.')
        return {
          arm: arm.name,
          seed,
          folder,
          settings: parseTrainSettings(json, `study ${study.name}, arm "${arm.name}"`),
          ...(task !== undefined && { task }),
          ...(arm.init !== undefined && { init: arm.init }),
          ...(arm.teacher !== undefined && { teacher: arm.teacher })
        }
      })
    })
  )
}

/** A folder name: letters and digits of any script, dashes for the rest. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
}
