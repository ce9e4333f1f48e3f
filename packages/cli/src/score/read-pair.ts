import { numberText } from '@sohu-match/core'
import { decodeLine, type RawLine } from '@sohu-match/node'
import { MatcherError } from '@sohu-match/sdk-node'
import type { TaskTexts } from './judge'

export interface ScoreLine {
  readonly pair: TaskTexts
  /** As JSON, digit for digit; undefined if the line has none. */
  readonly id: string | undefined
}

type Json = Readonly<Record<string, unknown>>

/**
 * Reads `a` and `b` (or `source` and `target`), `task` unless there is a default, and an `id` that is passed on. null
 * is the same as an absent field; `b` may be absent if the task is not a match task (`alone`). Throws `data-invalid` with
 * the line's number.
 */
export function readPair(
  line: RawLine,
  defaultTask: string | undefined,
  alone: (task: unknown) => boolean = () => false
): ScoreLine {
  const invalid = (found: string): MatcherError => new MatcherError('data-invalid', `line ${line.number}: ${found}`)
  const text = decodeLine(line, `line ${line.number}`)
  const record = parseRecord(text, invalid)
  const a = record.a ?? record.source
  const b = record.b ?? record.target ?? undefined
  const task = record.task ?? defaultTask
  if (typeof a !== 'string' || (typeof b !== 'string' && !(b === undefined && alone(task))))
    throw invalid(`"${typeof a === 'string' ? 'b' : 'a'}" is missing or not a string.`)
  if (task === undefined) throw invalid('"task" is missing; name it in the line or with --task.')
  if (typeof task !== 'string') throw invalid('"task" is not a string.')
  if (isObject(record.id)) throw invalid('"id" must be a string or a number.')
  return { pair: { a, b, task }, id: idText(record, text) }
}

/** The id as returned by `readPair`, even if the rest of the line is unusable; undefined if it cannot be read. */
export function readId(line: RawLine): string | undefined {
  try {
    const text = decodeLine(line, '')
    return idText(
      parseRecord(text, () => new MatcherError('data-invalid', '')),
      text
    )
  } catch (error) {
    if (error instanceof MatcherError) return undefined
    throw error
  }
}

/** True for white space only. Bytes that are not UTF-8 are not blank. */
export function isBlank(line: RawLine): boolean {
  if (!line.bytes || line.bytes[0] === OPENING_BRACE) return false
  try {
    return decodeLine(line, '').trim() === ''
  } catch (error) {
    if (error instanceof MatcherError) return false
    throw error
  }
}

const OPENING_BRACE = 0x7b

function parseRecord(text: string, invalid: (found: string) => MatcherError): Json {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch (cause) {
    throw invalid(`it is not JSON (${(cause as Error).message}); each line must be an object with a, b and task.`)
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalid('it is not a JSON object; it must have a, b and task.')
  return record as Json
}

function idText({ id }: Json, text: string): string | undefined {
  if (typeof id === 'number') return numberText(text, 'id')
  return id === undefined || isObject(id) ? undefined : JSON.stringify(id)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
