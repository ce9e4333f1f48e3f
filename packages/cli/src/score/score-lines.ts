import { setMaxListeners } from 'node:events'
import type { RawLine } from '@sohu-match/node'
import { MatcherError, type MatcherErrorCode } from '@sohu-match/sdk-node'
import { inOrder } from './in-order'
import { createJudge, type Answer, type Answerer } from './judge'
import { readId, readPair } from './read-pair'
import { unscoredLines, untilStopped, type Answered } from './unscored-lines'

export interface ScoreOptions {
  readonly matcher: Answerer
  /** May be abandoned while a read is pending. */
  readonly input: AsyncIterable<Uint8Array>
  /** Receives whole output lines; resolves when more may follow. */
  readonly write: (lines: string) => Promise<void>
  /** Number of lines to skip at the start of the input. */
  readonly skip: number
  /** Output of an earlier run to resume. */
  readonly answered?: Answered | undefined
  /** The task of lines without one. */
  readonly task?: string | undefined
  /** Answers a line that cannot be scored with its error; otherwise the error ends the run. */
  readonly keepGoing?: boolean | undefined
  /** Maximum lines in memory. Default: 512. */
  readonly limit?: number | undefined
  /** Stops the run; everything written is whole lines. */
  readonly signal?: AbortSignal | undefined
  /** Called with the number of answers written, including those of an earlier run. */
  readonly onProgress?: ((answers: number) => void) | undefined
}

/** Progress of a run. */
export interface ScoreOutcome {
  /** Including those of an earlier run. */
  readonly answers: number
  /** Number of the last line whose answer is written, counting blank lines: another run may skip that many. */
  readonly line: number
  /** Lines of this run that were answered with an error. */
  readonly bad: number
}

/** A line that waits until its answer is written. */
interface Held {
  readonly number: number
  bad: boolean
}

const LINES_HELD = 512

/** Failures of a single line: the lines after it can still be scored. */
const BAD_LINE: readonly MatcherErrorCode[] = ['data-invalid', 'input-invalid', 'task-unknown']

/**
 * Writes one output line for each non-blank input line, in order, as soon as possible. A line's error names it, and is
 * thrown after all lines before it are written. Throws `data-invalid`, and the errors of `match`; nothing after the
 * signal.
 */
export async function scoreLines(options: ScoreOptions): Promise<ScoreOutcome> {
  const { write, skip, answered = { answers: 0, lastId: undefined }, limit = LINES_HELD, signal } = options
  const stop = new AbortController() // by the caller, or by a line that ends the run
  setMaxListeners(0, stop.signal) // one listener for each held line
  const onAbort = (): void => stop.abort()
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  const held: Held[] = []
  let outcome: ScoreOutcome = { answers: answered.answers, line: skip, bad: 0 }
  const output = inOrder(
    async (lines, count) => {
      await write(lines)
      const written = held.splice(0, count)
      const bad = outcome.bad + written.filter((line) => line.bad).length
      outcome = { answers: outcome.answers + count, line: written.at(-1)!.number, bad }
      options.onProgress?.(outcome.answers)
    },
    limit,
    onAbort
  )
  const answer = createAnswerer(options, stop.signal)
  let unread: { cause: unknown } | undefined
  try {
    for await (const line of untilStopped(unscoredLines(options.input, skip, answered), stop.signal)) {
      held.push({ number: line.number, bad: false })
      await output.add(answer(line, held.at(-1)!))
    }
  } catch (cause) {
    unread = { cause }
  }
  try {
    await output.end()
    if (unread) throw unread.cause
  } catch (error) {
    if (!signal?.aborted) throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  return outcome
}

/** Converts lines to output lines. */
function createAnswerer(
  { matcher, task, keepGoing }: ScoreOptions,
  signal: AbortSignal
): (line: RawLine, held: Held) => Promise<string> {
  const judge = createJudge(matcher, signal)
  const answered = new Set(matcher.info.tasks.filter(({ kind }) => kind).map(({ name }) => name))
  const alone = (name: unknown): boolean => typeof name === 'string' && answered.has(name)
  return async (line, held) => {
    try {
      const { pair, id } = readPair(line, task, alone)
      return scoreText(id, await judge(pair))
    } catch (cause) {
      if (!(cause instanceof MatcherError && BAD_LINE.includes(cause.code))) throw cause
      const error = atLine(line.number, cause)
      if (!keepGoing) throw error
      held.bad = true
      return errorText(readId(line), line.number, error)
    }
  }
}

function scoreText(id: string | undefined, result: Answer): string {
  const { task, tokenCount, truncated } = result
  return withId(id, { task, ...answerFields(result), tokenCount, truncated })
}

/** What differs by the kind of the task: label and score; label or labels with the probability of each; or the value. */
function answerFields(result: Answer): object {
  const rounded = (value: number): number => Number(value.toFixed(6))
  if (!('kind' in result)) return { label: result.label, score: rounded(result.score) }
  if (result.kind === 'score') return { value: rounded(result.value) }
  const named = Object.entries(result.probabilities).map(([label, value]) => [label, rounded(value)] as const)
  const probabilities = Object.fromEntries(named)
  return result.kind === 'one-of' ? { label: result.label, probabilities } : { labels: result.labels, probabilities }
}

function errorText(id: string | undefined, line: number, { code, message }: MatcherError): string {
  return withId(id, { line, code, error: message })
}

/** A JSON line that begins with the id exactly as it was read. */
function withId(id: string | undefined, rest: object): string {
  const json = JSON.stringify(rest)
  return id === undefined ? `${json}\n` : `{"id":${id},${json.slice(1)}\n`
}

function atLine(number: number, error: MatcherError): MatcherError {
  const place = `line ${number}: `
  return error.message.startsWith(place) ? error : new MatcherError(error.code, place + error.message, { cause: error })
}
