import { resolve } from 'node:path'
import { stopRequest, numberIn } from '@sohu-match/node/cli'
import { checkStoredVectors, MatcherError, readVectors, type Matcher } from '@sohu-match/sdk-node'
import type { Command } from 'commander'
import { requireTask, unlessStopped, usingMatcher, withModel, type ModelFlags } from '../model-flags'
import { untilStopped } from '../score/unscored-lines'
import { standardTexts, writeOut } from '../standard-input'
import { embedTexts } from '../vectors/embed-texts'
import { indexedDuplicates } from '../vectors/indexed-duplicates'
import { leastCosine, nearDuplicates } from '../vectors/near-duplicates'

/** Number of texts up to which every pair is compared: 200 million comparisons. */
export const MOST_COMPARED = 20_000

interface DedupeFlags extends ModelFlags {
  readonly task?: string
  readonly threshold?: number
  readonly vectors?: string
  readonly exact?: boolean
}

export function addDedupe(program: Command): void {
  withModel(program.command('dedupe'))
    .description('print the groups of near-duplicates among the lines of stdin (bi-encoders)')
    .option('--task <name>', 'the task whose criterion decides; optional if the model has only one')
    .option('--threshold <score>', "score above which two texts are duplicates (default: the task's)", numberIn(0, 1))
    .option(
      '--vectors <file>',
      'vectors of the same lines that embed wrote, .npy, .jsonl or .parquet (default: computed)'
    )
    .option(
      '--exact',
      `compare every pair also above ${MOST_COMPARED} lines, where an index finds the pairs to compare`
    )
    .action(async (flags: DedupeFlags) => {
      const stop = stopRequest()
      try {
        const work = (matcher: Matcher<string>): Promise<void> =>
          dedupe(matcher, standardTexts(), flags, writeOut, stop.signal)
        await unlessStopped(stop, usingMatcher(flags, work, stop.signal))
      } finally {
        process.stdin.destroy() // its writer must not keep this process alive
      }
    })
}

/**
 * Writes a JSON line for each group: `lines` (numbers from 1) and `texts`. Throws `architecture-mismatch` for a
 * cross-encoder, and `vectors-mismatch` for stored vectors of another model or task.
 */
export async function dedupe(
  matcher: Pick<Matcher<string>, 'embed' | 'info'>,
  texts: AsyncGenerator<string>,
  { task: given, threshold, vectors, exact }: Pick<DedupeFlags, 'task' | 'threshold' | 'vectors' | 'exact'>,
  write: (text: string) => Promise<void>,
  signal?: AbortSignal
): Promise<void> {
  const task = requireTask(matcher, given)
  const { all, rows, width } =
    vectors === undefined
      ? await embedAll(matcher, texts, task, signal)
      : await readAll(matcher, texts, task, resolve(vectors), signal)
  const { scale = 1, offset = 0, threshold: own } = matcher.info.tasks.find(({ name }) => name === task)!
  const least = leastCosine(threshold ?? own!, scale, offset) // a bi-encoder's tasks are match tasks, each with a threshold
  const groups =
    exact || all.length <= MOST_COMPARED
      ? await nearDuplicates(rows, width, least, signal)
      : await indexedDuplicates(rows, width, least, signal)
  for (const group of groups)
    await write(`${JSON.stringify({ lines: group.map((i) => i + 1), texts: group.map((i) => all[i]!) })}\n`)
}

/** `vectors` are [texts, width]. */
interface Embedded {
  readonly all: readonly string[]
  readonly rows: Float32Array
  readonly width: number
}

async function embedAll(
  matcher: Pick<Matcher<string>, 'embed' | 'info'>,
  texts: AsyncGenerator<string>,
  task: string,
  signal: AbortSignal | undefined
): Promise<Embedded> {
  const all: string[] = []
  const vectors: Float32Array[] = []
  for await (const chunk of embedTexts(matcher, texts, task, signal)) {
    for (const { text, vector } of chunk) {
      all.push(text)
      vectors.push(vector)
    }
  }
  const width = vectors[0]?.length ?? 0
  const rows = new Float32Array(all.length * width)
  vectors.forEach((vector, i) => rows.set(vector, i * width))
  return { all, rows, width }
}

async function readAll(
  matcher: Pick<Matcher<string>, 'info'>,
  texts: AsyncGenerator<string>,
  task: string,
  path: string,
  signal: AbortSignal | undefined
): Promise<Embedded> {
  const stored = await readVectors(path)
  checkStoredVectors(stored, matcher, task)
  const all: string[] = []
  for await (const text of signal ? untilStopped(texts, signal) : texts) all.push(text)
  if (signal?.aborted) throw signal.reason
  const count = stored.rows.length / stored.hidden
  if (all.length !== count)
    throw new MatcherError(
      'data-invalid',
      `${path} holds ${count} vectors, but there are ${all.length} lines; pass the lines from which the vectors were computed.`
    )
  return { all, rows: stored.rows, width: stored.hidden }
}
