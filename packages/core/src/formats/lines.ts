import { MatcherError } from '../errors'
import type { TaskSpec } from '../tasks'
import { numberText } from './number-text'
import { parseTarget, type Target } from './target'

/** A pair of a data set. `task` is the task's id; `id` is as in the file, digit for digit if it is a number. */
export interface Example {
  readonly a: string
  /** Absent where the text stands alone, which a match task does not allow. */
  readonly b?: string | undefined
  readonly task: number
  /** Of a match task. */
  readonly label?: 0 | 1
  /** Of a task with labels or a score. */
  readonly target?: Target
  readonly id?: string
  /** The subject of each text (an event, say): texts of one task match if and only if their keys are equal. */
  readonly keys?: readonly [a: string, b: string]
}

/** Names of the JSON fields of a pair. */
export interface LineFields {
  readonly a: string
  readonly b: string
  readonly label: string
  readonly id: string
  /** The fields of `Example.keys`, if lines have them. */
  readonly aKey?: string | undefined
  readonly bKey?: string | undefined
}

/** How to read the lines of a file: their task and its labels, their fields, and whether label and id are required. */
export interface LineFormat extends Pick<TaskSpec, 'kind' | 'labels' | 'range'> {
  readonly task: number
  readonly fields: LineFields
  readonly required?: 'label' | 'id'
}

/** Fields of the Sohu layout by task id: `labelA` for criterion A (even ids), `labelB` for B. */
export function sohuFields(task: number): LineFields {
  return { a: 'source', b: 'target', label: task % 2 === 0 ? 'labelA' : 'labelB', id: 'id' }
}

/** `lineNumber` starts at 1. Throws `data-invalid` naming file and line, what was found and what was expected. */
export function parseLine(line: string, format: LineFormat, file: string, lineNumber: number): Example {
  const invalid = (found: string, cause?: unknown): MatcherError =>
    new MatcherError('data-invalid', `${file}:${lineNumber}: ${found}`, { cause })
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch (cause) {
    throw invalid(`the line is not JSON (${(cause as Error).message}); each line must be one JSON object.`, cause)
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalid('the line must be a JSON object.')
  const values = record as Record<string, unknown>
  const field = (name: string): unknown => (Object.hasOwn(values, name) ? values[name] : undefined)
  const text = (name: string): string => {
    const value = field(name)
    if (typeof value !== 'string') throw invalid(`"${name}" is ${described(value)}; it must be a string.`)
    return value
  }
  const { aKey, bKey } = format.fields
  const keys =
    aKey !== undefined && bKey !== undefined && field(aKey) !== undefined && ([text(aKey), text(bKey)] as const)
  const { kind } = format
  const label = field(format.fields.label)
  const id = field(format.fields.id)
  const unlabelled = label === undefined && format.required !== 'label'
  const labelled = unlabelled ? {} : kind ? parseTarget(label, format) : matchLabel(label)
  if (typeof labelled === 'string') throw invalid(`"${format.fields.label}" is ${described(label)}; ${labelled}.`)
  if (id === undefined ? format.required === 'id' : typeof id !== 'string' && typeof id !== 'number') {
    throw invalid(`"${format.fields.id}" is ${described(id)}; it must be a string or a number.`)
  }
  return {
    a: text(format.fields.a),
    ...((!kind || field(format.fields.b) !== undefined) && { b: text(format.fields.b) }),
    task: format.task,
    ...labelled,
    ...(id !== undefined && { id: typeof id === 'string' ? id : numberText(line, format.fields.id)! }),
    ...(keys && { keys })
  }
}

function matchLabel(label: unknown): Pick<Example, 'label'> | string {
  if (label === '0' || label === '1') return { label: label === '1' ? 1 : 0 }
  return 'it must be the string "0" or "1"'
}

function described(value: unknown): string {
  if (value === undefined) return 'missing'
  const json = JSON.stringify(value)
  return json.length > 60 ? `${json.slice(0, 57)}...` : json
}
