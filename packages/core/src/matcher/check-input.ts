import { windowEstimate } from '../engine/encode'
import { MAX_SEQUENCE, type BatchLimits, type EncodePolicy, type TaskPair, type Truncation } from '../engine/engine'
import { MatcherError } from '../errors'
import type { ManifestTask } from '../formats/manifest'
import { taskId, TASKS } from '../tasks'
import type { CommonOptions, RankOptions } from './types'
import type { TaskText } from './vector-cache'

/** In UTF-16 code units: longer texts would occupy the tokenizer for a second or more. */
export const MAX_TEXT_LENGTH = 200_000

/** Maximum windows of a pair: more would occupy a worker, and its memory, for minutes. */
export const MAX_WINDOWS = 10_000

/** Default number of cached texts: `rank` over 10,000 candidates finds them all again, at 2 kB per vector of 512. */
const CACHE_SIZE = 20_000

/** The options of a matcher, checked against its model, with all defaults. */
export interface CheckedOptions {
  readonly tasks: readonly ManifestTask[]
  readonly thresholds: ReadonlyMap<string, number>
  readonly policy: EncodePolicy
  readonly batch: BatchLimits
  readonly maxQueue: number
  readonly cacheSize: number
}

/** The options of a call, checked and read once: later changes by the caller have no effect. */
export type CheckedRun = Readonly<
  Pick<RankOptions, 'signal' | 'deadlineMs' | 'onProgress' | 'topK' | 'rerank' | 'shortlist' | 'vectors'>
>

export interface OptionLimits {
  readonly tasks: readonly ManifestTask[]
  /** Tokens of a pair in training; the default of `maxLength`. */
  readonly trainedLength: number
  /** Maximum tokens of a sequence for the graph. */
  readonly longest: number
  readonly batch: BatchLimits
}

/** Checks those options that loading uses, or that only need the right type. Throws `input-invalid`. */
export function checkLoadOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw invalid(`createMatcher got ${show(options)}; it needs options, at least { model: "path/of/a/model/folder" }`)
  const { signal, onProgress, tasks, thresholds } = options as Readonly<Record<string, unknown>>
  if (signal !== undefined) checkSignal(signal, ['throwIfAborted'])
  checkListener(onProgress)
  if (tasks !== undefined && !Array.isArray(tasks))
    throw invalid(`tasks is ${show(tasks)}; it must be an array of task names`)
  if (thresholds !== undefined && (typeof thresholds !== 'object' || thresholds === null || Array.isArray(thresholds)))
    throw invalid(`thresholds is ${show(thresholds)}; it must be an object such as { "A-ss": 0.4 }`)
}

/** Throws `task-unknown` and `input-invalid`. */
export function checkOptions(
  options: Omit<CommonOptions<string>, 'model'>,
  { tasks, trainedLength, longest, batch }: OptionLimits
): CheckedOptions {
  const { maxLength = trainedLength, truncation = 'longest-first', maxQueue = 10_000, cacheSize = CACHE_SIZE } = options
  const { batchTokens = batch.tokens, batchPadding = batch.padding } = options
  // Only a program that knows of labels loads a model with labels, so it needs no default of six match tasks.
  const byDefault = tasks.some(({ kind }) => kind) ? tasks.map(({ name }) => name) : TASKS
  const named = (options.tasks ?? byDefault).map((name) => taskNamed(name, tasks, options.tasks === undefined))
  checkInteger('maxLength', maxLength, 4, Math.min(longest, MAX_SEQUENCE))
  checkInteger('maxQueue', maxQueue, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('cacheSize', cacheSize, 0, Number.MAX_SAFE_INTEGER)
  checkInteger('batchTokens', batchTokens, 1, Number.MAX_SAFE_INTEGER)
  if (!(typeof batchPadding === 'number' && batchPadding >= 0 && batchPadding <= 1))
    throw invalid(`batchPadding is ${show(batchPadding)}; it must be a number from 0 to 1`)
  checkTruncation(truncation, maxLength)
  return {
    tasks: named,
    thresholds: checkThresholds(options.thresholds, named),
    policy: { maxLength, truncation },
    batch: { tokens: batchTokens, padding: batchPadding },
    maxQueue,
    cacheSize
  }
}

/**
 * Reads each property of a pair, or of a text or pair to `classify`, once. Throws `input-invalid` and `task-unknown`;
 * `place` names the pair.
 */
export function checkPair(
  pair: { a: unknown; b: unknown; task: unknown },
  { tasks, policy }: Pick<CheckedOptions, 'tasks' | 'policy'>,
  place = '',
  classify = false
): TaskPair {
  const a = checkText(pair.a, `${place}a`)
  const given = pair.b
  const b = classify && given === undefined ? undefined : checkText(given, `${place}b`)
  const { id, name, kind } = taskNamed(pair.task, tasks, false, place)
  if (classify !== Boolean(kind))
    throw invalid(
      `${place}task is ${show(name)}, ${kind ? `which is ${kind}; ask for its answer with classify` : 'a match task; ask with match'}`
    )
  checkWindows(a, b, policy, place)
  return { a, b, taskId: id }
}

function checkWindows(a: string, b: string | undefined, policy: EncodePolicy, place: string): void {
  const windows = windowEstimate(a.length, b?.length, policy)
  if (windows > MAX_WINDOWS)
    throw invalid(
      `${place}a and ${place}b, ${a.length} and ${b?.length ?? 0} characters, would be read in up to ${windows} windows, and at most ` +
        `${MAX_WINDOWS} are; cut the texts, or set a longer truncation.window and stride`
    )
}

/** The query and the candidates, all under one task. */
export interface CheckedRanking {
  readonly query: TaskText
  readonly candidates: readonly string[]
}

/** Reads each argument of `rank` once. Throws `input-invalid` and `task-unknown`. */
export function checkRanking(
  query: unknown,
  candidates: unknown,
  task: unknown,
  { tasks, policy }: Pick<CheckedOptions, 'tasks' | 'policy'>
): CheckedRanking {
  const text = checkText(query, 'query')
  const texts = copyArray(candidates, 'candidates must be an array of strings')
  for (let i = 0; i < texts.length; i++) checkText(texts[i], `candidates[${i}]`)
  const { taskId } = checkPair({ a: text, b: '', task }, { tasks, policy })
  for (const b of texts as string[]) checkWindows(text, b, policy, '')
  return { query: { text, taskId }, candidates: texts as string[] }
}

/** Throws `input-invalid` and `task-unknown`; `what` names the text. */
export function checkTaskText(
  text: unknown,
  task: unknown,
  { tasks, policy }: Pick<CheckedOptions, 'tasks' | 'policy'>,
  what: string
): TaskText {
  const checked = checkText(text, what)
  const windows = windowEstimate(checked.length, undefined, policy)
  if (windows > MAX_WINDOWS)
    throw invalid(
      `${what}, ${checked.length} characters, would be read in up to ${windows} windows, and at most ${MAX_WINDOWS} are; ` +
        'cut the text, or set a longer truncation.window and stride'
    )
  return { text: checked, taskId: taskNamed(task, tasks, false).id }
}

/** Reads the options of a call once. Throws `input-invalid`. */
export function checkRun(run: unknown): CheckedRun {
  if (run === undefined) return {}
  if (typeof run !== 'object' || run === null)
    throw invalid(`The options of the call are ${show(run)}; they must be an object`)
  const { signal, deadlineMs, onProgress, topK, rerank, shortlist, vectors } = run as CheckedRun
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && deadlineMs > 0))
    throw invalid(`deadlineMs is ${show(deadlineMs)}; it must be a number of milliseconds above 0`)
  if (topK !== undefined) checkInteger('topK', topK, 1, Number.MAX_SAFE_INTEGER)
  if (shortlist !== undefined) checkInteger('shortlist', shortlist, 1, Number.MAX_SAFE_INTEGER)
  if (rerank !== undefined && typeof rerank?.rank !== 'function') throw invalid('rerank must be a matcher')
  if (vectors !== undefined && !(vectors?.rows instanceof Float32Array))
    throw invalid('vectors must be stored vectors, whose rows are a Float32Array')
  if (signal !== undefined) checkSignal(signal)
  checkListener(onProgress)
  return { signal, deadlineMs, onProgress, topK, rerank, shortlist, vectors }
}

/** Throws `input-invalid`, naming the text as `what`. Every string is a text, including the empty one. */
export function checkText(text: unknown, what: string): string {
  if (typeof text !== 'string') throw invalid(`${what} is ${show(text)}; it must be a string`)
  if (text.length > MAX_TEXT_LENGTH)
    throw invalid(`${what} has ${text.length} characters; the limit is ${MAX_TEXT_LENGTH}, so cut it first`)
  return text
}

/** Copies an array, reading each element once, including holes. Throws `input-invalid` if it is not an array. */
export function copyArray(array: unknown, what: string): unknown[] {
  if (!Array.isArray(array)) throw invalid(`${what}, but it is ${show(array)}`)
  return Array.from(array as unknown[])
}

function checkListener(onProgress: unknown): void {
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalid(`onProgress is ${show(onProgress)}; it must be a function`)
}

/** `more` are required methods besides those that every call uses. */
function checkSignal(signal: unknown, more: readonly (keyof AbortSignal)[] = []): void {
  const given = (signal ?? {}) as Partial<Record<keyof AbortSignal, unknown>>
  const methods = ['addEventListener', 'removeEventListener', ...more] as const
  if (typeof given.aborted !== 'boolean' || methods.some((name) => typeof given[name] !== 'function'))
    throw invalid('signal must be an AbortSignal')
}

function checkThresholds(
  wanted: Readonly<Record<string, number | undefined>> | undefined,
  tasks: readonly ManifestTask[]
): ReadonlyMap<string, number> {
  const thresholds = new Map(
    tasks.flatMap(({ name, threshold }) => (threshold === undefined ? [] : [[name, threshold]]))
  )
  for (const [name, threshold] of Object.entries(wanted ?? {})) {
    if (!thresholds.has(name) && taskNamed(name, tasks, false).kind)
      throw invalid(`The task "${name}" is not a match task; the thresholds of its labels are the model's`)
    if (!(typeof threshold === 'number' && threshold >= 0 && threshold <= 1))
      throw invalid(`The threshold of "${name}" is ${show(threshold)}; it must be from 0 to 1`)
    thresholds.set(name, threshold)
  }
  return thresholds
}

function checkTruncation(truncation: Truncation, maxLength: number): void {
  if (typeof truncation === 'object' && truncation !== null) {
    checkInteger('truncation.window', truncation.window, 5, maxLength)
    checkInteger('truncation.stride', truncation.stride, 1, truncation.window)
    if (!['max', 'mean'].includes(truncation.combine))
      throw invalid(`truncation.combine is ${show(truncation.combine)}; it must be "max" or "mean"`)
  } else if (!['longest-first', 'head-tail'].includes(truncation)) {
    throw invalid(
      `truncation is ${show(truncation)}; it must be "longest-first", "head-tail" or { window, stride, combine }`
    )
  }
}

function taskNamed(name: unknown, tasks: readonly ManifestTask[], byDefault: boolean, place = ''): ManifestTask {
  const found = tasks.find((task) => task.name === name)
  if (found) return found
  const names = tasks.map((task) => task.name).join(', ')
  if (byDefault)
    throw new MatcherError(
      'task-unknown',
      `This model has the tasks ${names}, not the six Sohu tasks; name those you use in the option tasks.`
    )
  if (typeof name === 'string' && place === '') taskId(name, tasks) // throws
  throw new MatcherError('task-unknown', `${place}task is ${show(name)}; this model knows ${names}.`)
}

function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    const upTo = most < Number.MAX_SAFE_INTEGER ? ` and at most ${most}` : ''
    throw invalid(`${name} is ${show(value)}; it must be a whole number of at least ${least}${upTo}`)
  }
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function invalid(found: string): MatcherError {
  return new MatcherError('input-invalid', `${found}.`)
}
