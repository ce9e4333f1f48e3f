import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SOHU_TASKS, snakeCased } from '@sohu-match/core'
import { storageError, writeFileAtomic } from '@sohu-match/node'
import { newsPairs } from './news-pairs'
import { questionPairs } from './question-pairs'
import { SPLITS, type Split } from './split'
import { isSaga, readNews, readQuestions } from './texts'

interface DataFile {
  readonly path: string
  readonly text: string
}

export interface CorpusOptions {
  /** Most pairs of each task and split. Default: no limit. */
  readonly limit?: number
  /** False leaves out the pairs of sagas; all others stay as they are. Default true. */
  readonly sagas?: boolean
}

/** The data folders of the corpus, each with a `dataset.json`: `news` with the six tasks, `questions` with one. */
export async function corpusFiles({ limit = Infinity, sagas = true }: CorpusOptions = {}): Promise<DataFile[]> {
  const texts = await readNews()
  const news = newsPairs(sagas ? texts : texts.filter((text) => !isSaga(text)))
  const questions = questionPairs(await readQuestions())
  return [
    ...dataFolder(
      'news',
      SOHU_TASKS.map(({ name, group }) => ({ name, group, pairs: news[name as keyof typeof news] })),
      limit
    ),
    ...dataFolder('questions', [{ name: 'question', group: 'question', pairs: questions }], limit)
  ]
}

/** Writes the folders `news` and `questions` under `directory`, replacing files of the same names. Throws `storage`. */
export async function writeCorpus(directory: string, options?: CorpusOptions): Promise<void> {
  for (const { path, text } of await corpusFiles(options)) {
    const file = join(directory, path)
    try {
      await mkdir(dirname(file), { recursive: true })
    } catch (cause) {
      throw storageError('write the corpus to', directory, cause)
    }
    await writeFileAtomic(file, text)
  }
}

/**
 * Fields with the subjects of the two texts, from which contrastive training knows matches. None for criterion B, whose events
 * would push apart the texts of a topic that criterion A pulls together.
 */
function keyFields(group: string): { fields?: { aKey: string; bKey: string } } {
  const about = { A: 'topic', question: 'intent' }[group]
  return about ? { fields: { aKey: `source_${about}`, bKey: `target_${about}` } } : {}
}

interface TaskPairs {
  readonly name: string
  readonly group: string
  readonly pairs: Readonly<Record<Split, readonly { readonly label: 0 | 1 }[]>>
}

function dataFolder(folder: string, tasks: readonly TaskPairs[], limit: number): DataFile[] {
  const description = tasks.map(({ name, group }) => ({
    name,
    group,
    ...Object.fromEntries(SPLITS.map((split) => [split, [`${name}/${split}.jsonl`]])),
    ...keyFields(group)
  }))
  const line = (pair: { readonly label: 0 | 1 }) =>
    `${JSON.stringify(snakeCased({ ...pair, label: String(pair.label) }))}\n`
  return [
    { path: `${folder}/dataset.json`, text: `${JSON.stringify({ tasks: description }, null, 2)}\n` },
    ...tasks.flatMap(({ name, pairs }) =>
      SPLITS.map((split) => ({
        path: `${folder}/${name}/${split}.jsonl`,
        text: pairs[split].slice(0, limit).map(line).join('')
      }))
    )
  ]
}
