import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildVocab, countWords, createSegmenter, dictionaryWords, openDictionary } from '@sohu-match/core'
import { SENTENCES } from './pairs'

/** The sizes of `sohu-small`: six layers of 384, six heads, 30,000 tokens. */
const SIZES = ['--layers', '6', '--hidden', '384', '--heads', '6', '--intermediate', '1536', '--max-length', '512']
const VOCAB_SIZE = 30_000
const EXPORT = ['--dtype', 'int8', '--no-gate', '--no-latency', '--force']

/** A model of random weights, with six tasks and with one for other programs. */
export interface SmallModel {
  readonly folder: string
  /** Only task 0, in Hugging Face's layout, in this folder's `task`. */
  readonly taskParent: string
}

/** Creates the model in node_modules/.cache on the first call, with the built exporter. */
export function smallModel(root: string): SmallModel {
  const cache = inCache(root, 'bench-small', (folder, run) => {
    const checkpoint = join(folder, 'checkpoint')
    run('random-checkpoint.js', '--out', checkpoint, '--vocab', join(folder, 'vocab.txt'), ...SIZES)
    const name = 'sohu-small, random weights'
    run('cli.js', 'sohu', '--checkpoint', checkpoint, '--out', join(folder, 'model'), '--name', name, ...EXPORT)
    run('cli.js', 'sohu', '--checkpoint', checkpoint, '--out', join(folder, 'task'), '--task', 'A-ss', ...EXPORT)
    rmSync(checkpoint, { recursive: true })
  })
  return { folder: join(cache, 'model'), taskParent: cache }
}

/** One layer of 512: vectors as wide as those of a small public encoder, in little time. */
const BI_ENCODER = ['--bi-encoder', '--layers', '1', '--hidden', '512', '--heads', '8', '--intermediate', '512']

/** A bi-encoder of random weights, created like `smallModel`. */
export function smallBiEncoder(root: string): string {
  const cache = inCache(root, 'bench-bi-encoder', (folder, run) => {
    const checkpoint = join(folder, 'checkpoint')
    run(
      'random-checkpoint.js',
      '--out',
      checkpoint,
      '--vocab',
      join(folder, 'vocab.txt'),
      '--max-length',
      '64',
      ...BI_ENCODER
    )
    run('cli.js', 'sohu', '--checkpoint', checkpoint, '--out', join(folder, 'model'), '--name', 'one layer', ...EXPORT)
    rmSync(checkpoint, { recursive: true })
  })
  return join(cache, 'model')
}

/** A folder in node_modules/.cache that `make` fills once, with a vocabulary and the exporter's scripts. */
function inCache(
  root: string,
  name: string,
  make: (folder: string, run: (script: string, ...flags: string[]) => void) => void
): string {
  const cache = join(root, 'node_modules/.cache/sohu-match', name)
  if (existsSync(join(cache, 'ready'))) return cache
  if (!existsSync(join(root, 'packages/export/dist/random-checkpoint.js')))
    throw new Error('The exporter is not built; run npm run build first.')
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  writeFileSync(
    join(cache, 'vocab.txt'),
    `${commonWords(join(root, 'packages/core/dist/dictionary.bin')).join('\n')}\n`
  )
  make(
    cache,
    (script, ...flags) =>
      void execFileSync(process.execPath, [join(root, 'packages/export/dist', script), ...flags], {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit']
      })
  )
  writeFileSync(join(cache, 'ready'), '') // last: a killed run starts over
  return cache
}

/** The most common words of the dictionary, and the bench's own. */
function commonWords(path: string): string[] {
  const dictionary = openDictionary(readFileSync(path))
  const counts = new Map(dictionaryWords(dictionary).words)
  for (const [word, count] of countWords(SENTENCES, createSegmenter(dictionary)))
    counts.set(word, (counts.get(word) ?? 0) + 1e6 * count)
  return buildVocab(counts, { size: VOCAB_SIZE })
}
