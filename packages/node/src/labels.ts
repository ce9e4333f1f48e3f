import { MatcherError } from '@sohu-match/core'
import { linesOf, chunksOf } from './lines'
import { csvCell } from './pairs/write'

const HEADER = 'id,label'

/**
 * The competition's `id,label` file; labels of other tasks are texts. What has a comma, a quote or a line break is quoted as in RFC 4180.
 */
export function labelsCsv(rows: readonly { readonly id: string; readonly label: 0 | 1 | string }[]): string {
  return [HEADER, ...rows.map(({ id, label }) => `${csvCell(id)},${csvCell(String(label))}`)]
    .map((line) => `${line}\n`)
    .join('')
}

/** The id in quotes, which may contain line breaks; or, without quotes, everything before the last comma. */
const ROW = /^(?:"((?:[^"]|"")*)"|([^"][^]*)),([01])[ \t\r]*$/

/** With or without a header. Throws `data-invalid` with file and line, or `storage`. */
export async function readLabels(path: string): Promise<Map<string, 0 | 1>> {
  const labels = new Map<string, 0 | 1>()
  let open: { row: string; number: number } | undefined
  let lines = 0
  for await (const { text, number } of linesOf(chunksOf(path), path)) {
    lines = number
    const { row, number: first } = open ? { ...open, row: `${open.row}\n${text}` } : { row: text, number }
    open = row.startsWith('"') && (row.match(/"/g) ?? []).length % 2 === 1 ? { row, number: first } : undefined
    if (open || row.trim() === '' || (first === 1 && row.trim() === HEADER)) continue
    addLabel(labels, row, `${path}:${first}`)
  }
  if (open) addLabel(labels, open.row, `${path}:${open.number}`)
  if (lines === 0)
    throw new MatcherError('data-invalid', `${path} is empty; it must hold a line "id,label" for each pair.`)
  return labels
}

function addLabel(labels: Map<string, 0 | 1>, row: string, place: string): void {
  const [, inQuotes, plain, label] = ROW.exec(row) ?? []
  const id = inQuotes?.replaceAll('""', '"') ?? plain
  if (id === undefined)
    throw new MatcherError(
      'data-invalid',
      `${place}: the line is "${row.slice(0, 60)}"; it must be an id (in double quotes if it has one itself), a comma, and 0 or 1.`
    )
  if (labels.has(id)) throw new MatcherError('data-invalid', `${place}: the id "${id}" has a second label; remove one.`)
  labels.set(id, label === '1' ? 1 : 0)
}
