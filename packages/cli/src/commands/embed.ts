import { resolve } from 'node:path'
import { writeFileAtomic } from '@sohu-match/node'
import { stopRequest } from '@sohu-match/node/cli'
import { MatcherError, type Matcher } from '@sohu-match/sdk-node'
import type { Command } from 'commander'
import { requireTask, unlessStopped, usingMatcher, withModel, type ModelFlags } from '../model-flags'
import { standardTexts, writeOut } from '../standard-input'
import { embedTexts } from '../vectors/embed-texts'
import { createNpy } from '../vectors/npy'

interface EmbedFlags extends ModelFlags {
  readonly task?: string
  readonly out?: string
}

/** Adds `embed`: lines of text from stdin to vectors. */
export function addEmbed(program: Command): void {
  withModel(program.command('embed'))
    .description('give each line of stdin, one text, its vector: JSON lines, or a NumPy file with --out (bi-encoders)')
    .option('--task <name>', 'the task that the vectors are for; may be left out where the model has only one')
    .option('--out <file>', 'a .npy file [texts, hidden]; what model it is of goes to <file>.json')
    .action(embed)
}

async function embed(flags: EmbedFlags): Promise<void> {
  if (flags.out !== undefined && !flags.out.endsWith('.npy'))
    throw new MatcherError('config-invalid', `--out is ${flags.out}; name a file that ends in .npy.`)
  const stop = stopRequest()
  const work = async (matcher: Matcher<string>): Promise<void> => {
    const task = requireTask(matcher, flags.task)
    if (flags.out === undefined) await toLines(matcher, task, stop.signal)
    else await toNpy(matcher, task, resolve(flags.out), stop.signal)
  }
  try {
    await unlessStopped(stop, usingMatcher(flags, work, stop.signal))
  } finally {
    process.stdin.destroy() // whoever feeds it must not keep this process alive
  }
}

async function toLines(matcher: Matcher<string>, task: string, signal: AbortSignal): Promise<void> {
  const { modelHash } = matcher.info
  for await (const chunk of embedTexts(matcher, standardTexts(), task, signal)) {
    const lines = chunk.map(({ vector }) => `${JSON.stringify({ vector: [...vector], task, modelHash })}\n`)
    await writeOut(lines.join(''))
  }
}

async function toNpy(matcher: Matcher<string>, task: string, path: string, signal: AbortSignal): Promise<void> {
  const { model, modelHash, dtype, vectors } = matcher.info
  const hidden = vectors?.hidden ?? 0
  await matcher.embed([], task) // a cross-encoder is refused before a file is made
  const file = await createNpy(path, hidden)
  let texts = 0
  try {
    for await (const chunk of embedTexts(matcher, standardTexts(), task, signal)) {
      for (const { vector } of chunk) await file.write(vector)
      texts += chunk.length
    }
  } catch (error) {
    await file.discard()
    throw error
  }
  await writeFileAtomic(
    `${path}.json`,
    `${JSON.stringify({ model, modelHash, dtype, task, texts, hidden }, null, 2)}\n`
  )
  await file.finish()
}
