import { extname } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import type { PairFile } from './pair-files'

/** A new column with a value for each row. */
export interface AddedColumn {
  readonly name: string
  readonly values: readonly (number | string)[]
}

/** Quoted as in RFC 4180 if necessary, or if white space at its ends could be lost. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) || text.trim() !== text || text === '' ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * The rows of a file with more columns, in the format of the output's extension (.csv, .tsv, .jsonl). A JSON line keeps
 * its own text. A column whose name exists gets a number. Throws `config-invalid` for another extension.
 */
export function withColumns(file: PairFile, out: string, added: readonly AddedColumn[]): string {
  const ending = extname(out).toLowerCase()
  const columns = added.map(({ name, values }) => ({ name: freeName(name, file.names), values }))
  if (ending === '.jsonl' || ending === '.ndjson') return jsonLines(file, columns)
  if (ending === '.csv') return delimited(file, columns, ',', csvCell)
  if (ending === '.tsv') return delimited(file, columns, '\t', tsvCell)
  throw new MatcherError('config-invalid', `--out ${out}: its name must end in .csv, .tsv or .jsonl.`)
}

function jsonLines({ rows, names }: PairFile, added: readonly AddedColumn[]): string {
  return rows
    .map(({ json, cells, values }, i) => {
      const more = JSON.stringify(Object.fromEntries(added.map(({ name, values }) => [name, values[i]])))
      const own =
        json ?? JSON.stringify(cells ? Object.fromEntries(cells.map((cell, k) => [names[k]!, cell])) : values, exact)
      return `${own.trim().slice(0, -1).trimEnd()},${more.slice(1)}\n`
    })
    .join('')
}

function delimited(
  { rows, names, header }: PairFile,
  added: readonly AddedColumn[],
  delimiter: string,
  cellOf: (text: string) => string
): string {
  const line = (cells: readonly string[]): string => `${cells.map(cellOf).join(delimiter)}\n`
  const head = header ? line([...names, ...added.map(({ name }) => name)]) : ''
  const body = rows.map(({ cells, values }, i) =>
    line([
      ...(cells ?? names.map((name) => cellText(values![name]))),
      ...added.map((column) => String(column.values[i]))
    ])
  )
  return head + body.join('')
}

/** Quoted if the cell would otherwise end early or lose its own quotes. */
function tsvCell(text: string): string {
  return /[\t\r\n]|^".*"$/s.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value, exact) : String(value)
}

/** Parquet's 64-bit integers, which JSON lacks, as text. */
function exact(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function freeName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name
  for (let n = 2; ; n++) if (!taken.includes(`${name}_${n}`)) return `${name}_${n}`
}
