import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { MatcherError, type Example } from '@sohu-match/core'
import type { Dataset, ReadDatasetOptions, SplitName } from '../dataset'
import { readError } from '../system-errors'
import { describeColumns, namedColumns, type GivenColumns, type PairColumns } from './columns'
import { comparable, makeSplits } from './made-splits'
import { readTable, type Table, type TableForm, type TableRow } from './table'
import { labelOf, pairOf, splitOfName, withoutLabel, type FilePair } from './values'

/** The task of pairs in files without tasks. */
export const MATCH_TASK = { name: 'match', id: 0, group: 'match' } as const

export interface PairFile {
  readonly form: TableForm
  readonly columns: PairColumns
  /** Of all columns, in order; positions if there is no header. */
  readonly names: readonly string[]
  readonly header: boolean
  readonly rows: readonly TableRow[]
  /** One per row. */
  readonly pairs: readonly FilePair[]
}

/** Labels are optional. Throws `data-invalid` with file and line, or `storage`. */
export async function readPairFile(path: string, given: GivenColumns = {}): Promise<PairFile> {
  const table = await readTable(path)
  const { columns, names, header } = columnsOf(table, given)
  const rows = header && table.rows[0]!.cells ? table.rows.slice(1) : table.rows
  if (rows.length === 0) throw new MatcherError('data-invalid', `${path} has a header and no pair below it.`)
  const position = new Map(names.map((name, i) => [name, i]))
  const valueAt = ({ cells, values }: TableRow, column: string): unknown =>
    cells ? cells[position.get(column)!] : Object.hasOwn(values!, column) ? values![column] : undefined
  const pairs = rows.map((row) => {
    requireCells(row, names)
    return pairOf(row, columns, valueAt)
  })
  return { form: table.form, columns, names, header, rows, pairs }
}

/**
 * A data set of one task. Splits are those of its split column; without one, valid and test are made of the pairs, and
 * the notes say so. Splits that were not requested are empty.
 */
export async function readFileDataset(
  path: string,
  wanted: readonly SplitName[],
  { columns, unlabelled, optional }: ReadDatasetOptions = {}
): Promise<Dataset> {
  const file = await readPairFile(path, columns)
  const notes = [`${path}: ${file.form}, ${file.rows.length} pairs. ${describeColumns(file.columns, file.header)}`]
  if (file.columns.split !== undefined)
    return divided(path, splitsOf(file, unlabelled), wanted, notes, ['valid'], optional)
  if (!unlabelled) requireLabels(file)
  const pairs = file.pairs.map(({ example }) => example)
  return divided(path, { train: pairs, valid: [], test: [] }, wanted, notes, ['valid', 'test'], optional)
}

/** Every pair as a test split, labeled or not, ignoring a split column. Throws `data-invalid`, `storage`. */
export async function readAllPairs(path: string, given: GivenColumns = {}): Promise<Dataset> {
  const { pairs, form, rows, columns, header } = await readPairFile(path, given)
  return {
    tasks: [MATCH_TASK],
    splits: { train: [], valid: [], test: pairs.map(({ example }) => example) },
    missing: [],
    strayLabels: [],
    notes: [`${path}: ${form}, ${rows.length} pairs. ${describeColumns(columns, header)}`]
  }
}

/** Files named after splits: `train.tsv`, `dev.csv`, `test.jsonl`. */
export async function splitFiles(folder: string): Promise<Map<SplitName, string>> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw readError(folder, cause, 'data-invalid')
  })
  const found = new Map<SplitName, string>()
  for (const name of names.sort()) {
    const split = /\.(tsv|tab|csv|jsonl|ndjson|json|txt|parquet)$/i.test(extname(name)) ? splitOfName(name) : undefined
    if (split === undefined) continue
    const other = found.get(split)
    if (other !== undefined)
      throw new MatcherError(
        'data-invalid',
        `${folder} has two files for the ${split} split: ${other} and ${name}; keep one.`
      )
    found.set(split, name)
  }
  return found
}

/** A data set of one task; a missing valid split is made of the training pairs. */
export async function readSplitFiles(
  folder: string,
  files: ReadonlyMap<SplitName, string>,
  wanted: readonly SplitName[],
  { columns, unlabelled, optional }: ReadDatasetOptions = {}
): Promise<Dataset> {
  const splits: Record<SplitName, Example[]> = { train: [], valid: [], test: [] }
  const notes: string[] = []
  const made = files.has('valid') ? [] : (['valid'] as const)
  for (const [split, name] of files) {
    if (!wanted.includes(split) && !(split === 'train' && made.some((name) => wanted.includes(name)))) continue
    const path = join(folder, name)
    const file = await readPairFile(path, columns)
    if (split !== 'test' && !unlabelled) requireLabels(file)
    notes.push(`${path}: ${file.form}, ${file.rows.length} pairs. ${describeColumns(file.columns, file.header)}`)
    splits[split] = file.pairs.map(({ example }) => example)
  }
  return divided(folder, splits, wanted, notes, made, optional)
}

/** Empty splits in `made` are made of the training pairs. */
function divided(
  source: string,
  given: Record<SplitName, Example[]>,
  wanted: readonly SplitName[],
  notes: string[],
  made: readonly ('valid' | 'test')[],
  optional: readonly SplitName[] = []
): Dataset {
  const lacking = made.filter((split) => given[split].length === 0)
  const whole = lacking.length > 0 && given.train.length > 0 ? withMade(given, lacking, notes) : given
  for (const split of wanted) {
    if (whole[split].length === 0 && !optional.includes(split))
      throw new MatcherError('data-invalid', `${source} has no ${split} split: no pair of it is there.`)
  }
  const kept = (split: SplitName): readonly Example[] => (wanted.includes(split) ? whole[split] : [])
  return {
    tasks: [MATCH_TASK],
    splits: { train: kept('train'), valid: kept('valid'), test: kept('test') },
    missing: wanted.filter((split) => whole[split].length === 0).map((split) => `the ${split} split`),
    strayLabels: [],
    notes
  }
}

function withMade(
  given: Record<SplitName, Example[]>,
  lacking: readonly ('valid' | 'test')[],
  notes: string[]
): Record<SplitName, Example[]> {
  const { splits, disjoint } = makeSplits(given.train, lacking)
  const made = { ...given, train: given.train.filter((_, i) => splits[i] === 'train') }
  for (const split of lacking) made[split] = given.train.filter((_, i) => splits[i] === split)
  const counts = lacking.map((split) => `${made[split].length} ${split}`)
  const shared = disjoint ? '' : sharedNote(made, lacking)
  notes.push(
    `No ${lacking.join(' and ')} split is given, so ${counts.join(' and ')} pairs were taken from the training pairs: by a hash of their texts, with the same share of matches` +
      (disjoint ? ', and pairs that share a text are on one side.' : `.${shared}`)
  )
  return made
}

function sharedNote(made: Record<SplitName, Example[]>, lacking: readonly SplitName[]): string {
  const texts = (pairs: readonly Example[]): Set<string> =>
    new Set(pairs.flatMap(({ a, b }) => [comparable(a), comparable(b!)]))
  const train = texts(made.train)
  const shared = [...texts(lacking.flatMap((split) => made[split]))].filter((text) => train.has(text)).length
  return (
    ` The pairs hang together by common texts, so ${shared} texts are on both sides: scores on these splits flatter the model. ` +
    'Name the split of each pair yourself in a column "split".'
  )
}

function splitsOf({ pairs, rows, columns }: PairFile, unlabelled = false): Record<SplitName, Example[]> {
  const splits: Record<SplitName, Example[]> = { train: [], valid: [], test: [] }
  for (const [i, { example, split }] of pairs.entries()) {
    if (split !== 'test' && !unlabelled && example.label === undefined) throw withoutLabel(rows[i]!.place, columns)
    splits[split!].push(example)
  }
  return splits
}

function requireLabels({ pairs, rows, columns }: PairFile): void {
  const without = pairs.findIndex(({ example }) => example.label === undefined)
  if (without >= 0) throw withoutLabel(rows[without]!.place, columns)
}

/** The names of all columns, their roles, and whether the first row is a header. */
function columnsOf({ rows }: Table, given: GivenColumns) {
  const first = rows[0]!
  if (!first.cells) {
    const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values!)))]
    const columns = namedColumns(names, given, first.place)
    if (!columns) throw unknownColumns(first.place, names)
    return { columns, names, header: true }
  }
  const positions = first.cells.map((_, i) => String(i + 1))
  const named = Object.values(given).filter((name) => name !== undefined)
  const byNumber = named.length > 0 && named.every((name) => positions.includes(name))
  if (byNumber && !named.every((name) => first.cells!.includes(name))) {
    const columns = namedColumns(positions, given, first.place)
    if (columns) return { columns, names: positions, header: false }
  }
  const byPosition = named.length === 0 ? positionalColumns(first.cells) : undefined
  const names = first.cells.map((name) => name.trim())
  const columns =
    byPosition && !namedColumns(names, {}, first.place) ? undefined : namedColumns(names, given, first.place)
  if (columns) {
    const repeated = names.find((name, i) => names.indexOf(name) !== i)
    if (repeated !== undefined)
      throw new MatcherError('data-invalid', `${first.place}: two columns are named "${repeated}"; rename one.`)
    return { columns, names, header: true }
  }
  if (byPosition) return { columns: byPosition, names: positions, header: false }
  throw unknownColumns(first.place, names)
}

/** Two texts and a label, perhaps after an id, in a file without a header; or only two texts. */
function positionalColumns(cells: readonly string[]): PairColumns | undefined {
  const isLabel = (i: number): boolean => labelOf(cells[i]) !== undefined
  if (cells.length === 2) return { a: '1', b: '2' }
  if (cells.length === 3 && isLabel(2)) return { a: '1', b: '2', label: '3' }
  if (cells.length === 3 && isLabel(0)) return { a: '2', b: '3', label: '1' }
  if (cells.length === 4 && isLabel(3)) return { a: '2', b: '3', label: '4', id: '1' }
  return undefined
}

function requireCells({ cells, place }: TableRow, names: readonly string[]): void {
  if (!cells || cells.length === names.length) return
  throw new MatcherError(
    'data-invalid',
    `${place}: the line has ${cells.length} cells, the first one has ${names.length} (${names.join(', ')}).`
  )
}

function unknownColumns(place: string, names: readonly string[]): MatcherError {
  return new MatcherError(
    'data-invalid',
    `${place}: no two columns are known as texts among ${names.map((name) => `"${name.slice(0, 40)}"`).join(', ')}; ` +
      'name them: --columns a=NAME b=NAME label=NAME (known names are sentence1 and sentence2, q1 and q2, text_a and text_b, query and passage, source and target, and the like; or two texts and 0 or 1 without a header).'
  )
}
