import { MatcherError, type Matcher, type Pair } from '@sohu-match/sdk-node'

/** What `scoreLines` works with. */
export interface ScoreOptions {
  readonly matcher: Pick<Matcher<string>, 'matchMany'>
  /** Input lines, without their ends. */
  readonly lines: AsyncIterable<string>
  /** Takes the output lines of one chunk, each with its end; resolves when more may come. */
  readonly write: (text: string) => Promise<void>
  /** Lines at the start that were done before. */
  readonly skip: number
  /** The task of lines that name none. */
  readonly task?: string | undefined
  /** Stops between chunks; what was written is whole. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((lines: number) => void) | undefined
}

/** Lines that are scored together, and chunks that are under way at once: with the lines themselves, all that is held in memory. */
const CHUNK = 128
const CHUNKS_UNDER_WAY = 4

/** A line that was read, for the output: its pair, and its id if it has one. */
interface Line {
  readonly pair: Pair<string>
  readonly id?: unknown
}

/**
 * Scores JSON lines, one output line for each input line, in order. Returns the number of lines done, skipped ones included.
 * Throws `data-invalid` with the line's number, after all lines before it have been written.
 */
export async function scoreLines(options: ScoreOptions): Promise<number> {
  const { matcher, lines, write, skip, signal, onProgress } = options
  const underWay: Promise<string[]>[] = []
  let chunk: Line[] = []
  let number = 0
  let done = skip
  let problem: unknown

  const start = (): void => {
    const taken = chunk
    chunk = []
    const scored = matcher
      .matchMany(taken.map(({ pair }) => pair))
      .then((results) => results.map((result, i) => outputLine(taken[i]!, result)))
    scored.catch(() => undefined) // it is awaited in its turn
    underWay.push(scored)
  }
  const finishOne = async (): Promise<void> => {
    const texts = await underWay.shift()!
    await write(texts.join(''))
    done += texts.length
    onProgress?.(done)
  }

  for await (const text of lines) {
    if (signal?.aborted) break
    if (++number <= skip) continue
    try {
      chunk.push(parseLine(text, number, options.task))
    } catch (error) {
      problem = error
      break
    }
    if (chunk.length === CHUNK) start()
    if (underWay.length === CHUNKS_UNDER_WAY) await finishOne()
  }
  if (chunk.length > 0 && !signal?.aborted) start()
  while (underWay.length > 0) await finishOne()
  if (problem) throw problem
  return done
}

function outputLine(
  { id }: Line,
  { task, label, score, tokenCount, truncated }: Awaited<ReturnType<Matcher<string>['match']>>
): string {
  return `${JSON.stringify({ ...(id !== undefined && { id }), task, label, score: Number(score.toFixed(6)), tokenCount, truncated })}\n`
}

/** One input line: `a` and `b` (or `source` and `target`), `task` unless there is a default, and an `id` that is passed on. */
function parseLine(text: string, number: number, defaultTask: string | undefined): Line {
  const invalid = (found: string, cause?: unknown): MatcherError =>
    new MatcherError('data-invalid', `line ${number}: ${found}`, { cause })
  let record: Record<string, unknown>
  try {
    record = JSON.parse(text) as Record<string, unknown>
  } catch (cause) {
    throw invalid(
      `it is not JSON (${(cause as Error).message}); each line must be an object with a, b and task.`,
      cause
    )
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalid('it is no JSON object; it must have a, b and task.')
  const { a = record.source, b = record.target, task = defaultTask, id } = record
  if (typeof a !== 'string' || typeof b !== 'string')
    throw invalid(`"${typeof a === 'string' ? 'b' : 'a'}" is missing or no string.`)
  if (typeof task !== 'string') throw invalid('"task" is missing; name it in the line or with --task.')
  return { pair: { a, b, task }, id }
}
