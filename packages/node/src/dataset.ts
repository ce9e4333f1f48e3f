import { access, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import {
  MatcherError,
  parseDatasetJson,
  parseLine,
  SOHU_TASKS,
  sohuFields,
  VARIANTS,
  type Example,
  type LineFormat,
  type TaskSpec
} from '@sohu-match/core'
import { readError } from './system-errors'
import { readJson, readText } from './read'
import { readLabels } from './labels'
import { linesOfFile } from './lines'
import type { GivenColumns } from './pairs/columns'
import { readFileDataset, readSplitFiles, splitFiles } from './pairs/pair-files'
import { ACCEPTED_FILES } from './pairs/table'

export type SplitName = 'train' | 'valid' | 'test'

/** Splits that were not requested are empty. */
export interface Dataset {
  /** Every task of the layout, also those without data: a Sohu folder always has six. */
  readonly tasks: readonly TaskSpec[]
  readonly splits: Readonly<Record<SplitName, readonly Example[]>>
  /** Variants, or files of a variant, that the layout has and the folder lacks. Reported as a warning. */
  readonly missing: readonly string[]
  /** Ids in `test_labels.csv` that no test pair has. Reported as a warning. */
  readonly strayLabels: readonly string[]
  /** Columns that were guessed, and splits that were made; to be shown. */
  readonly notes: readonly string[]
  /** `file:line` of each task in `dataset.json`, by name, for messages. */
  readonly places?: ReadonlyMap<string, string>
}

type Described = Pick<Dataset, 'tasks' | 'missing' | 'places'> & { readonly sources: readonly Source[] }

interface Source {
  readonly path: string
  readonly split: SplitName
  readonly format: LineFormat
}

/** For users who have texts but no dataset.json yet. */
const MINIMAL = '{"tasks": [{"name": "same-event", "train": ["train.jsonl"], "valid": ["valid.jsonl"]}]}'
const MINIMAL_LINE = '{"source": "text", "target": "other text", "label": "1"}'

const SOHU_FILES: Readonly<Record<SplitName, string>> = {
  train: 'train.txt',
  valid: 'valid.txt',
  test: 'test_with_id.txt'
}

export interface ReadDatasetOptions {
  /** Allows lines without a label in train and valid: a teacher scores them. */
  readonly unlabelled?: boolean
  /** Requested splits that may be missing; they are then empty. */
  readonly optional?: readonly SplitName[]
  /** Replace guesses about a file. */
  readonly columns?: GivenColumns | undefined
}

/**
 * Reads the requested splits of labeled pairs: of one file (TSV, CSV, JSON Lines, Parquet); of a folder with a
 * `dataset.json`; of one in the Sohu layout (`<variant>/{train,valid,test_with_id}.txt`, extra training lines in
 * `round2/<variant>.txt`); or of one with a file per split (`train.tsv`, `dev.tsv`). `columns` applies to files of the
 * first and the last kind. Throws `data-invalid` with file and line, or if a requested split has no pairs at all.
 */
export async function readDataset(
  path: string,
  wanted: readonly SplitName[] = ['train', 'valid', 'test'],
  { unlabelled = false, columns = {}, optional = [] }: ReadDatasetOptions = {}
): Promise<Dataset> {
  if (await isFile(path)) return readFileDataset(path, wanted, { columns, unlabelled, optional })
  const described = await exists(join(path, 'dataset.json'))
  const files = described || (await isSohuFolder(path)) ? new Map<SplitName, string>() : await splitFiles(path)
  if (files.size > 0) return readSplitFiles(path, files, wanted, { columns, unlabelled, optional })
  const given = Object.keys(columns)[0]
  if (given !== undefined)
    throw new MatcherError(
      'config-invalid',
      `--columns ${given}: the columns of ${path} are settled by ${described ? 'its dataset.json' : 'the Sohu layout'}; leave the flag out.`
    )
  return readFolder(path, wanted, unlabelled, optional)
}

/** With a `dataset.json` or in the Sohu layout. Labels of test lines come from `test_labels.csv` if it exists. */
async function readFolder(
  directory: string,
  wanted: readonly SplitName[],
  unlabelled: boolean,
  optional: readonly SplitName[]
): Promise<Dataset> {
  const description = join(directory, 'dataset.json')
  const { tasks, sources, missing, places }: Described = (await exists(description))
    ? await describedSources(description, wanted, unlabelled)
    : await sohuSources(directory, wanted, unlabelled)
  for (const split of wanted) {
    if (!optional.includes(split) && !sources.some((source) => source.split === split)) throw noFiles(directory, split)
  }
  const splits: Record<SplitName, Example[]> = { train: [], valid: [], test: [] }
  for (const { path, split, format } of sources) {
    const shown = join(basename(directory), relative(directory, path))
    for await (const line of linesOfFile(path)) splits[split].push(parseLine(line.text, format, shown, line.number))
  }
  const labelFile = join(directory, 'test_labels.csv')
  const labels =
    wanted.includes('test') && (await exists(labelFile)) ? await readLabels(labelFile) : new Map<string, 0 | 1>()
  const { test, strayLabels } = withLabels(splits.test, labels)
  return { tasks, splits: { ...splits, test }, missing, strayLabels, notes: [], ...(places && { places }) }
}

async function sohuSources(directory: string, wanted: readonly SplitName[], unlabelled: boolean) {
  const sources: Source[] = []
  const missing: string[] = []
  for (const [task, variant] of VARIANTS.entries()) {
    const before = sources.length
    const lacking: string[] = []
    for (const split of wanted) {
      const path = join(directory, variant, SOHU_FILES[split])
      const format = { task, fields: sohuFields(task), ...required(split, unlabelled) }
      const more = join(directory, 'round2', `${variant}.txt`)
      const files = [path, ...(split === 'train' ? [more] : [])]
      const present = await Promise.all(files.map(exists))
      sources.push(...files.filter((_, i) => present[i]).map((path) => ({ path, split, format })))
      if (!present.includes(true)) lacking.push(`${variant}/${SOHU_FILES[split]}`)
    }
    missing.push(...(sources.length === before ? [variant] : lacking))
  }
  if (sources.length === 0) {
    throw new MatcherError(
      'data-invalid',
      `${directory} has no data: it must hold dataset.json, files train and valid (.tsv, .csv, .jsonl, .parquet), or at least one of the ` +
        `folders ${VARIANTS.join(', ')} with ${wanted.map((split) => SOHU_FILES[split]).join(', ')}; check the path. ` +
        `--data also accepts ${ACCEPTED_FILES}. A minimal dataset.json is ${MINIMAL}, with lines like ${MINIMAL_LINE} in its files.`
    )
  }
  return { tasks: SOHU_TASKS, sources, missing }
}

async function describedSources(description: string, wanted: readonly SplitName[], unlabelled: boolean) {
  const described = parseDatasetJson(await readJson(description, 'data-invalid', 'data-invalid'), description)
  const sources = described.flatMap((task) =>
    wanted.flatMap((split) =>
      task[split].map((file) => ({
        path: join(dirname(description), file),
        split,
        format: { ...kindOfTask(task), task: task.id, fields: task.fields, ...required(split, unlabelled) }
      }))
    )
  )
  const missing = described.flatMap((task) =>
    wanted.filter((split) => task[split].length === 0).map((split) => `${task.name} (${split})`)
  )
  const tasks = described.map(({ name, id, group, ...task }): TaskSpec => ({ name, id, group, ...kindOfTask(task) }))
  return { tasks, sources, missing, places: placesOf(tasks, await readText(description), description) }
}

/** The line of each task's name; line 1 if the name is escaped. */
function placesOf(tasks: readonly TaskSpec[], text: string, file: string): Map<string, string> {
  const lineOf = (name: string): number => {
    const quoted = JSON.stringify(name).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    return text.slice(0, Math.max(0, text.search(new RegExp(`"name"\\s*:\\s*${quoted}`)))).split('\n').length
  }
  return new Map(tasks.map(({ name }) => [name, `${file}:${lineOf(name)}`]))
}

/** The kind of a task and what goes with it; nothing of a match task. */
function kindOfTask({ kind, labels, range }: Pick<TaskSpec, 'kind' | 'labels' | 'range'>) {
  return { ...(kind && { kind }), ...(labels && { labels }), ...(range && { range }) }
}

/** The required fields of a split's lines. */
function required(split: SplitName, unlabelled: boolean): Pick<LineFormat, 'required'> {
  if (split === 'test') return { required: 'id' }
  return unlabelled ? {} : { required: 'label' }
}

/** Labels test pairs by id; a pair's own label has priority. Throws `data-invalid` if two pairs share a labeled id. */
function withLabels(
  test: readonly Example[],
  labels: ReadonlyMap<string, 0 | 1>
): { test: Example[]; strayLabels: string[] } {
  const found = new Set<string>()
  const labelled = test.map((example): Example => {
    const { id, label: own } = example
    const label = id === undefined ? undefined : labels.get(id)
    if (id === undefined || label === undefined) return example
    if (found.has(id) && own === undefined)
      throw new MatcherError(
        'data-invalid',
        `Two test pairs have the id "${id}", so its label in test_labels.csv could be of either; give each pair its own id.`
      )
    found.add(id)
    return own === undefined ? { ...example, label } : example
  })
  return { test: labelled, strayLabels: [...labels.keys()].filter((id) => !found.has(id)) }
}

function noFiles(directory: string, split: SplitName): MatcherError {
  return new MatcherError(
    'data-invalid',
    `${directory} has no ${split} split: no ${SOHU_FILES[split]} in any variant's folder and no "${split}" files in a dataset.json.`
  )
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory()
  } catch (cause) {
    throw readError(path, cause, 'data-invalid')
  }
}

async function isSohuFolder(directory: string): Promise<boolean> {
  const present = await Promise.all(VARIANTS.map((variant) => exists(join(directory, variant))))
  return present.includes(true)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
