import { extname } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { parse, type CsvError, type Info } from 'csv-parse/sync'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { fileSize } from '../read'
import { chunksOf, linesOf, linesOfFile } from '../lines'

export type TableForm = 'TSV' | 'CSV' | 'JSON Lines' | 'Parquet'

export interface TableRow {
  /** `file:line`, or `file, row n` in a file without lines. */
  readonly place: string
  /** Of a TSV or CSV file. */
  readonly cells?: readonly string[]
  /** Of other formats, by column. */
  readonly values?: Readonly<Record<string, unknown>>
  /** The line of a JSON Lines file, for its numbers digit for digit. */
  readonly json?: string
}

/** All rows of a file, including a header. */
export interface Table {
  readonly form: TableForm
  readonly rows: readonly TableRow[]
}

/** Accepted single files, for messages. */
export const ACCEPTED_FILES =
  'a TSV or CSV file, JSON Lines (one object per line) or a Parquet file, named .tsv, .csv, .jsonl, .parquet, or .txt'

const FORMS: Readonly<Record<string, TableForm>> = {
  '.tsv': 'TSV',
  '.tab': 'TSV',
  '.csv': 'CSV',
  '.jsonl': 'JSON Lines',
  '.ndjson': 'JSON Lines',
  '.json': 'JSON Lines',
  '.parquet': 'Parquet'
}

/**
 * Reads every row of a file. Its extension determines the format; a .txt file is JSON Lines if it begins with a brace,
 * TSV if its first line has a tab. Throws `data-invalid` with file and line, or `storage`.
 */
export async function readTable(path: string): Promise<Table> {
  const form = FORMS[extname(path).toLowerCase()] ?? (await sniffedForm(path))
  return { form, rows: await READERS[form](path) }
}

const READERS: Readonly<Record<TableForm, (path: string) => Promise<TableRow[]>>> = {
  TSV: tsvRows,
  CSV: csvRows,
  'JSON Lines': jsonRows,
  Parquet: parquetRows
}

async function sniffedForm(path: string): Promise<TableForm> {
  for await (const { text } of linesOfFile(path)) {
    if (text.trimStart().startsWith('{')) return 'JSON Lines'
    if (text.includes('\t')) return 'TSV'
    break
  }
  throw new MatcherError(
    'data-invalid',
    `${path} is a file of unknown format; --data accepts a folder, or ${ACCEPTED_FILES}.`
  )
}

/** A cell in double quotes, as spreadsheets write those with quotes, is unquoted; other quotes are text. */
async function tsvRows(path: string): Promise<TableRow[]> {
  const rows: TableRow[] = []
  for await (const { text, number } of linesOfFile(path))
    rows.push({ place: `${path}:${number}`, cells: text.split('\t').map(unquoted) })
  return rows
}

function unquoted(cell: string): string {
  const inner = /^"((?:[^"]|"")*)"$/.exec(cell)?.[1]
  return inner === undefined ? cell : inner.replaceAll('""', '"')
}

/** RFC 4180: quotes, line breaks within quotes, CRLF; a byte order mark is dropped. */
async function csvRows(path: string): Promise<TableRow[]> {
  const lines: string[] = []
  for await (const { text } of linesOf(chunksOf(path), path)) lines.push(text)
  try {
    const records = parse(lines.join('\n'), {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true
    }) as unknown as { record: string[]; info: Info }[]
    if (records.length === 0)
      throw new MatcherError('data-invalid', `${path} is empty; it must hold at least one line.`)
    // the parser counts the lines up to the end of a record
    return records.map(({ record, info }) => ({ place: `${path}:${info.lines - lineBreaks(record)}`, cells: record }))
  } catch (cause) {
    if (cause instanceof MatcherError) throw cause
    const { lines: line, message } = cause as CsvError & { lines?: number }
    throw new MatcherError(
      'data-invalid',
      `${path}:${line ?? 1}: the line is not CSV (${message}); a quote within a quoted cell is written twice ("").`,
      { cause }
    )
  }
}

function lineBreaks(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0)
}

async function jsonRows(path: string): Promise<TableRow[]> {
  const rows: TableRow[] = []
  for await (const { text, number } of linesOfFile(path)) {
    const place = `${path}:${number}`
    if (rows.length === 0 && text.trimStart().startsWith('['))
      throw new MatcherError(
        'data-invalid',
        `${place}: the file is one JSON array; write one object per line, for example with: jq -c '.[]' FILE > FILE.jsonl`
      )
    rows.push({ place, values: jsonObject(text, place), json: text })
  }
  return rows
}

function jsonObject(line: string, place: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new MatcherError(
      'data-invalid',
      `${place}: the line is not JSON (${(cause as Error).message}); each line must be one JSON object.`,
      { cause }
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MatcherError('data-invalid', `${place}: the line must be a JSON object.`)
  return value as Record<string, unknown>
}

async function parquetRows(path: string): Promise<TableRow[]> {
  await fileSize(path, 'data-invalid')
  try {
    const file = await asyncBufferFromFile(path)
    const rows = await parquetReadObjects({ file, metadata: await parquetMetadataAsync(file) })
    if (rows.length === 0) throw new MatcherError('data-invalid', `${path} is empty; it must hold at least one row.`)
    return rows.map((values, i) => ({ place: `${path}, row ${i + 1}`, values }))
  } catch (cause) {
    if (cause instanceof MatcherError) throw cause
    throw new MatcherError(
      'data-invalid',
      `${path} cannot be read as Parquet (${(cause as Error).message}); compression may be snappy or none. Write it again so, or as CSV.`,
      { cause }
    )
  }
}
