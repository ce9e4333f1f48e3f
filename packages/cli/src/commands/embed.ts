import { resolve } from 'node:path'
import { writeFileAtomic } from '@sohu-match/node'
import { stopRequest } from '@sohu-match/node/cli'
import { MatcherError, type Matcher, type MatcherInfo } from '@sohu-match/sdk-node'
import type { Command } from 'commander'
import { requireTask, unlessStopped, usingMatcher, withModel, type ModelFlags } from '../model-flags'
import { standardTexts, writeOut } from '../standard-input'
import { embedTexts } from '../vectors/embed-texts'
import { createNpy } from '../vectors/npy'
import { createParquet } from '../vectors/parquet'
import type { VectorFile } from '../vectors/vector-file'

interface EmbedFlags extends ModelFlags {
  readonly task?: string
  readonly out?: string
}

export function addEmbed(program: Command): void {
  withModel(program.command('embed'))
    .description('write the vector of each line of stdin: JSON lines, or a file with --out (bi-encoders)')
    .option('--task <name>', 'the task that the vectors are for; optional if the model has only one')
    .option('--out <file>', 'a .npy file [texts, hidden], whose model and task go to <file>.json, or a .parquet file')
    .action(embed)
}

async function embed(flags: EmbedFlags): Promise<void> {
  const { out } = flags
  if (out !== undefined && !/\.(npy|parquet)$/.test(out))
    throw new MatcherError('config-invalid', `--out is ${out}; name a file that ends in .npy or .parquet.`)
  const stop = stopRequest()
  const work = async (matcher: Matcher<string>): Promise<void> => {
    const task = requireTask(matcher, flags.task)
    if (out === undefined) await toLines(matcher, task, stop.signal)
    else await toFile(matcher, task, resolve(out), stop.signal)
  }
  try {
    await unlessStopped(stop, usingMatcher(flags, work, stop.signal))
  } finally {
    process.stdin.destroy() // its writer must not keep this process alive
  }
}

async function toLines(matcher: Matcher<string>, task: string, signal: AbortSignal): Promise<void> {
  const { model, modelHash } = matcher.info
  for await (const chunk of embedTexts(matcher, standardTexts(), task, signal)) {
    const lines = chunk.map(({ vector }) => `${JSON.stringify({ vector: [...vector], task, model, modelHash })}\n`)
    await writeOut(lines.join(''))
  }
}

async function toFile(matcher: Matcher<string>, task: string, path: string, signal: AbortSignal): Promise<void> {
  await matcher.embed([], task) // refuse a cross-encoder before creating a file
  const file = await (path.endsWith('.npy') ? createLabeledNpy : createLabeledParquet)(matcher.info, task, path)
  try {
    for await (const chunk of embedTexts(matcher, standardTexts(), task, signal)) {
      for (const { vector } of chunk) await file.write(vector)
    }
  } catch (error) {
    await file.discard()
    throw error
  }
  await file.finish()
}

function createLabeledParquet(info: MatcherInfo, task: string, path: string): Promise<VectorFile> {
  return createParquet(path, info.vectors!.hidden, { ...info, task })
}

/** Labels go to PATH.json, since a NumPy header has no place for them. */
async function createLabeledNpy(info: MatcherInfo, task: string, path: string): Promise<VectorFile> {
  const { model, modelHash, dtype, vectors } = info
  const { hidden } = vectors!
  const file = await createNpy(path, hidden)
  let texts = 0
  return {
    ...file,
    async write(rows) {
      texts += rows.length / hidden
      await file.write(rows)
    },
    async finish() {
      const labels = { model, modelHash, dtype, task, texts, hidden, sha256: file.sha256() }
      await writeFileAtomic(`${path}.json`, `${JSON.stringify(labels, null, 2)}\n`)
      await file.finish()
    }
  }
}
