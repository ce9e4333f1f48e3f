import { stopRequest, numberIn } from '@sohu-match/node/cli'
import { MatcherError, type Matcher } from '@sohu-match/sdk-node'
import type { Command } from 'commander'
import { requireTask, unlessStopped, usingMatcher, withModel, type ModelFlags } from '../model-flags'
import { standardTexts, writeOut } from '../standard-input'
import { embedTexts } from '../vectors/embed-texts'
import { leastCosine, nearDuplicates } from '../vectors/near-duplicates'

/** Every pair is compared: this many texts are 200 million comparisons. */
export const MOST_TEXTS = 20_000

interface DedupeFlags extends ModelFlags {
  readonly task?: string
  readonly threshold?: number
}

/** Adds `dedupe`: groups of near-duplicates among the lines of stdin. */
export function addDedupe(program: Command): void {
  withModel(program.command('dedupe'))
    .description(`print the groups of near-duplicates among the lines of stdin, at most ${MOST_TEXTS} (bi-encoders)`)
    .option('--task <name>', 'the task whose criterion decides; may be left out where the model has only one')
    .option('--threshold <score>', "score above which two texts are duplicates (default: the task's)", numberIn(0, 1))
    .action(async (flags: DedupeFlags) => {
      const stop = stopRequest()
      try {
        const work = (matcher: Matcher<string>): Promise<void> =>
          dedupe(matcher, standardTexts(), flags, writeOut, stop.signal)
        await unlessStopped(stop, usingMatcher(flags, work, stop.signal))
      } finally {
        process.stdin.destroy() // whoever feeds it must not keep this process alive
      }
    })
}

/**
 * Writes a JSON line for each group: `lines` (numbers from 1) and `texts`. Throws `input-invalid` above 20,000 texts and
 * `architecture-mismatch` for a cross-encoder.
 */
export async function dedupe(
  matcher: Pick<Matcher<string>, 'embed' | 'info'>,
  texts: AsyncGenerator<string>,
  { task: given, threshold }: Pick<DedupeFlags, 'task' | 'threshold'>,
  write: (text: string) => Promise<void>,
  signal?: AbortSignal
): Promise<void> {
  const task = requireTask(matcher, given)
  const all: string[] = []
  const vectors: Float32Array[] = []
  for await (const chunk of embedTexts(matcher, atMost(texts, MOST_TEXTS), task, signal)) {
    for (const { text, vector } of chunk) {
      all.push(text)
      vectors.push(vector)
    }
  }
  const { scale = 1, offset = 0, threshold: own } = matcher.info.tasks.find(({ name }) => name === task)!
  const width = vectors[0]?.length ?? 0
  const rows = new Float32Array(all.length * width)
  vectors.forEach((vector, i) => rows.set(vector, i * width))
  for (const group of nearDuplicates(rows, width, leastCosine(threshold ?? own, scale, offset))) {
    await write(`${JSON.stringify({ lines: group.map((i) => i + 1), texts: group.map((i) => all[i]!) })}\n`)
  }
}

async function* atMost(texts: AsyncGenerator<string>, most: number): AsyncGenerator<string> {
  let count = 0
  for await (const text of texts) {
    if (++count > most)
      throw new MatcherError(
        'input-invalid',
        `There are more than ${most} lines, and every pair is compared; split the input, or index its vectors (embed) in a store.`
      )
    yield text
  }
}
