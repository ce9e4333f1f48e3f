import { MatcherError, numberText, type Example } from '@sohu-match/core'
import type { SplitName } from '../dataset'
import type { PairColumns } from './columns'
import type { TableRow } from './table'

/** Accepted labels, for messages. */
const LABELS = '0 or 1 (also as text, true or false, 1.0)'

/** With the split that its row names. */
export interface FilePair {
  readonly example: Example
  readonly split: SplitName | undefined
}

/** Undefined if the value is not a label. */
export function labelOf(value: unknown): 0 | 1 | undefined {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : String(value)
  if (/^(1(\.0*)?|true)$/.test(text)) return 1
  return /^(0(\.0*)?|false)$/.test(text) ? 0 : undefined
}

/** A label may be missing. Throws `data-invalid` with place, what was found and what is accepted. */
export function pairOf(
  row: TableRow,
  columns: PairColumns,
  valueAt: (row: TableRow, column: string) => unknown
): FilePair {
  const invalid = (column: string, found: unknown, wanted: string): MatcherError =>
    new MatcherError('data-invalid', `${row.place}: "${column}" is ${shown(found)}; it must be ${wanted}.`)
  const text = (column: string): string => {
    const value = valueAt(row, column)
    if (typeof value !== 'string') throw invalid(column, value, 'a string')
    return value
  }
  const given = columns.label === undefined ? undefined : valueAt(row, columns.label)
  const label = isBlank(given) ? undefined : labelOf(given)
  if (label === undefined && !isBlank(given)) throw invalid(columns.label!, given, LABELS)
  const id = columns.id === undefined ? undefined : idOf(row, columns.id, valueAt(row, columns.id))
  const named = columns.split === undefined ? undefined : valueAt(row, columns.split)
  const split = named === undefined ? undefined : splitOf(named)
  if (columns.split !== undefined && split === undefined) throw invalid(columns.split, named, 'train, valid or test')
  return {
    example: {
      a: text(columns.a),
      b: text(columns.b),
      task: 0,
      ...(label !== undefined && { label }),
      ...(id !== undefined && { id })
    },
    split
  }
}

export function withoutLabel(place: string, { label }: PairColumns): MatcherError {
  return new MatcherError(
    'data-invalid',
    label === undefined
      ? `${place}: no column is known as the label; name it: --columns label=NAME.`
      : `${place}: "${label}" is empty; it must be ${LABELS}.`
  )
}

const SPLITS: Readonly<Record<string, SplitName>> = {
  train: 'train',
  training: 'train',
  valid: 'valid',
  validation: 'valid',
  val: 'valid',
  dev: 'valid',
  test: 'test',
  testing: 'test'
}

function splitOf(value: unknown): SplitName | undefined {
  const name = String(value).trim().toLowerCase()
  return Object.hasOwn(SPLITS, name) ? SPLITS[name] : undefined
}

/** The split in a file's name (`train.tsv`, `dev.tsv`); undefined for others. */
export function splitOfName(name: string): SplitName | undefined {
  return splitOf(name.replace(/\.[^.]*$/, ''))
}

/** A number is copied digit for digit from the line: `JSON.parse` would round beyond 2^53. */
function idOf(row: TableRow, column: string, value: unknown): string | undefined {
  if (isBlank(value)) return undefined
  return typeof value === 'number' && row.json !== undefined ? numberText(row.json, column) : String(value)
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'missing'
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
