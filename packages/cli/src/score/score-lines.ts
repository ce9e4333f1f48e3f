import { setMaxListeners } from 'node:events'
import type { RawLine } from '@sohu-match/node'
import { MatcherError, type Matcher, type MatcherErrorCode, type MatchResult } from '@sohu-match/sdk-node'
import { inOrder } from './in-order'
import { createJudge } from './judge'
import { readId, readPair } from './read-pair'
import { unscoredLines, untilStopped, type Answered } from './unscored-lines'

/** What `scoreLines` reads, how, and where it writes. */
export interface ScoreOptions {
  readonly matcher: Pick<Matcher<string>, 'match'>
  /** The input's bytes. It may be left while more is awaited. */
  readonly input: AsyncIterable<Uint8Array>
  /** Takes whole output lines; resolves when more may come. */
  readonly write: (lines: string) => Promise<void>
  /** Lines at the start of the input to leave out. */
  readonly skip: number
  /** The output of an earlier run, to be resumed. */
  readonly answered?: Answered | undefined
  /** The task of lines that name none. */
  readonly task?: string | undefined
  /** Whether a line that cannot be scored gets an answer with its error; otherwise it ends the run. */
  readonly keepGoing?: boolean | undefined
  /** Most lines that are held in memory. Default 512. */
  readonly limit?: number | undefined
  /** Stops the run; what was written is whole. */
  readonly signal?: AbortSignal | undefined
  /** Called with the number of answers written, those of an earlier run included. */
  readonly onProgress?: ((answers: number) => void) | undefined
}

/** How far a run came. */
export interface ScoreOutcome {
  /** Answers written, those of an earlier run included. */
  readonly answers: number
  /** The number of the last line whose answer is written, blank lines counted: another run may skip that many. */
  readonly line: number
  /** Lines of this run that were answered with an error. */
  readonly bad: number
}

/** A line that is held until its answer is written. */
interface Held {
  readonly number: number
  bad: boolean
}

const LINES_HELD = 512

/** Failures that are a line's own: the lines after it can still be scored. */
const BAD_LINE: readonly MatcherErrorCode[] = ['data-invalid', 'input-invalid', 'task-unknown']

/**
 * Scores JSON lines: one output line for each that is not blank, in order, each written as soon as it and all before it are known. An error
 * of a line names it, and is thrown after all lines before it are written. Throws `data-invalid`, and what `match` throws; after the signal
 * nothing.
 */
export async function scoreLines(options: ScoreOptions): Promise<ScoreOutcome> {
  const { write, skip, answered = { answers: 0, lastId: undefined }, limit = LINES_HELD, signal } = options
  const stop = new AbortController() // by the caller, or by a line that ends the run
  setMaxListeners(0, stop.signal) // a call of each held line listens
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

/** How a line becomes its output line. */
function createAnswerer(
  { matcher, task, keepGoing }: ScoreOptions,
  signal: AbortSignal
): (line: RawLine, held: Held) => Promise<string> {
  const judge = createJudge(matcher, signal)
  return async (line, held) => {
    try {
      const { pair, id } = readPair(line, task)
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

function scoreText(id: string | undefined, result: MatchResult<string>): string {
  const { task, label, score, tokenCount, truncated } = result
  return withId(id, { task, label, score: Number(score.toFixed(6)), tokenCount, truncated })
}

function errorText(id: string | undefined, line: number, { code, message }: MatcherError): string {
  return withId(id, { line, code, error: message })
}

/** An object as a JSON line that begins with the id, as it was read. */
function withId(id: string | undefined, rest: object): string {
  const json = JSON.stringify(rest)
  return id === undefined ? `${json}\n` : `{"id":${id},${json.slice(1)}\n`
}

function atLine(number: number, error: MatcherError): MatcherError {
  const place = `line ${number}: `
  return error.message.startsWith(place) ? error : new MatcherError(error.code, place + error.message, { cause: error })
}
