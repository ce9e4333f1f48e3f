import { MAX_SEQUENCE, type BatchLimits, type TaskPair, type Truncation } from '../engine/engine'
import { MatcherError } from '../errors'
import type { ManifestTask } from '../formats/manifest'
import type { CommonOptions, RankOptions, RunOptions } from './types'
import { taskId, TASKS } from '../tasks'

/** The longest text that is accepted, in UTF-16 code units: longer ones would hold the tokenizer for a second or more. */
export const MAX_TEXT_LENGTH = 200_000

/** The options that `createMatcherFrom` reads, checked and filled in. */
export interface CheckedOptions {
  readonly tasks: readonly ManifestTask[]
  readonly thresholds: ReadonlyMap<string, number>
  readonly maxLength: number
  readonly truncation: Truncation
  readonly maxQueue: number
  /** What the options say of batches; the rest is the device's. */
  readonly batch: Partial<BatchLimits>
}

/** Checks the options of a matcher against its model. Throws `task-unknown` and `input-invalid`. */
export function checkOptions(
  options: Omit<CommonOptions<string>, 'model'>,
  tasks: readonly ManifestTask[],
  trainedLength: number
): CheckedOptions {
  const {
    maxLength = trainedLength,
    truncation = 'longest-first',
    maxQueue = 10_000,
    batchTokens,
    batchPadding
  } = options
  const named = (options.tasks ?? TASKS).map((name) => tasks[taskIn(name, tasks, options.tasks === undefined)]!)
  const thresholds = new Map(named.map((task) => [task.name, task.threshold]))
  for (const [name, threshold] of Object.entries<number | undefined>(options.thresholds ?? {})) {
    if (!thresholds.has(name)) taskIn(name, named, false)
    if (!(typeof threshold === 'number' && threshold >= 0 && threshold <= 1))
      throw invalid(`The threshold of "${name}" is ${threshold}; it must be from 0 to 1`)
    thresholds.set(name, threshold)
  }
  checkInteger('maxLength', maxLength, 4, MAX_SEQUENCE)
  checkInteger('maxQueue', maxQueue, 1, Number.MAX_SAFE_INTEGER)
  if (batchTokens !== undefined) checkInteger('batchTokens', batchTokens, 1, Number.MAX_SAFE_INTEGER)
  if (batchPadding !== undefined && !(batchPadding >= 0 && batchPadding <= 1))
    throw invalid(`batchPadding is ${show(batchPadding)}; it must be a number from 0 to 1`)
  if (typeof truncation === 'object') {
    checkInteger('truncation.window', truncation.window, 5, maxLength)
    checkInteger('truncation.stride', truncation.stride, 1, truncation.window)
    if (!['max', 'mean'].includes(truncation.combine))
      throw invalid(`truncation.combine is ${show(truncation.combine)}; it must be "max" or "mean"`)
  } else if (!['longest-first', 'head-tail'].includes(truncation)) {
    throw invalid(
      `truncation is ${show(truncation)}; it must be "longest-first", "head-tail" or { window, stride, combine }`
    )
  }
  const batch = {
    ...(batchTokens !== undefined && { tokens: batchTokens }),
    ...(batchPadding !== undefined && { padding: batchPadding })
  }
  return { tasks: named, thresholds, maxLength, truncation, maxQueue, batch }
}

/** Checks a pair that came from outside. Throws `input-invalid` and `task-unknown`; `place` says which pair it is. */
export function checkPair(
  pair: { a: unknown; b: unknown; task: unknown },
  tasks: readonly ManifestTask[],
  place = ''
): TaskPair {
  const a = checkText(pair.a, `${place}a`)
  const b = checkText(pair.b, `${place}b`)
  return { a, b, taskId: taskIn(pair.task, tasks, false) }
}

/** Checks the options of a call. Throws `input-invalid`. */
export function checkRun({ deadlineMs, signal, topK }: RunOptions & RankOptions): void {
  if (deadlineMs !== undefined && !(deadlineMs > 0))
    throw invalid(`deadlineMs is ${show(deadlineMs)}; it must be a number of milliseconds above 0`)
  if (topK !== undefined) checkInteger('topK', topK, 1, Number.MAX_SAFE_INTEGER)
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw invalid('signal must be an AbortSignal')
}

/** Checks a text. Throws `input-invalid` naming `what` it is. Any string is a text, also an empty one. */
export function checkText(text: unknown, what: string): string {
  if (typeof text !== 'string') throw invalid(`${what} is ${show(text)}; it must be a string`)
  if (text.length > MAX_TEXT_LENGTH)
    throw invalid(`${what} has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read, so cut it first`)
  return text
}

function taskIn(name: unknown, tasks: readonly ManifestTask[], byDefault: boolean): number {
  const id = tasks.find((task) => task.name === name)?.id
  if (id !== undefined) return id
  if (!byDefault) return taskId(typeof name === 'string' ? name : show(name), tasks)
  throw new MatcherError(
    'task-unknown',
    `This model has the tasks ${tasks.map((task) => task.name).join(', ')}, not the six Sohu tasks; name those you use in the option tasks.`
  )
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(
      `${name} is ${show(value)}; it must be a whole number of at least ${least}${most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''}`
    )
  }
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function invalid(found: string): MatcherError {
  return new MatcherError('input-invalid', `${found}.`)
}
