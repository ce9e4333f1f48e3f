import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MatcherError, SOHU_TASKS, snakeCased, type Task } from '@sohu-match/core'
import { storageError, writeFileAtomic } from '@sohu-match/node'
import { newsPairs, widePairs } from './news-pairs'
import { questionPairs } from './question-pairs'
import { SPLITS, type Split } from './split'
import { readNews, readQuestions, ROUNDS, WIDE_FIELDS } from './texts'

interface DataFile {
  readonly path: string
  readonly text: string
}

export interface CorpusOptions {
  /** Most pairs of each task and split. Default: no limit. */
  readonly limit?: number
  /** Rounds of writing, from 1, whose news are paired; 1 has the topics of valid and test. Default: all. */
  readonly rounds?: readonly number[]
  /** True adds the folder `wide`, a second test of topics written later. Default false. */
  readonly wide?: boolean
}

/** The data folders of the corpus, each with a `dataset.json`: `news` and `wide` with the six tasks, `questions` with one. Throws `config-invalid`. */
export async function corpusFiles({
  limit = Infinity,
  rounds = ROUNDS.map((_, i) => i + 1),
  wide = false
}: CorpusOptions = {}): Promise<DataFile[]> {
  if (!rounds.includes(1))
    throw new MatcherError(
      'config-invalid',
      `Round 1 is not among the rounds ${rounds.join(', ')}; add it, as it has all topics of valid and test.`
    )
  const unknown = rounds.find((round) => !ROUNDS[round - 1])
  if (unknown !== undefined)
    throw new MatcherError('config-invalid', `There is no round ${unknown}; the rounds are 1 to ${ROUNDS.length}.`)
  const texts = await readNews()
  const textsOf = (fields: readonly string[]) => texts.filter(({ field }) => fields.includes(field))
  const news = newsPairs(textsOf(rounds.flatMap((round) => ROUNDS[round - 1]!)))
  const questions = questionPairs(await readQuestions())
  return [
    ...dataFolder('news', sohuTasks(news), limit),
    ...(wide ? dataFolder('wide', sohuTasks(widePairs(textsOf(WIDE_FIELDS))), limit) : []),
    ...dataFolder('questions', [{ name: 'question', group: 'question', pairs: questions }], limit)
  ]
}

/** Writes the data folders under `directory`, replacing files of the same names. Throws `storage`. */
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
  readonly pairs: Readonly<Partial<Record<Split, readonly { readonly label: 0 | 1 }[]>>>
}

function sohuTasks(pairs: Readonly<Record<Task, TaskPairs['pairs']>>): TaskPairs[] {
  return SOHU_TASKS.map(({ name, group }) => ({ name, group, pairs: pairs[name as Task] }))
}

function dataFolder(folder: string, tasks: readonly TaskPairs[], limit: number): DataFile[] {
  const splitsOf = ({ pairs }: TaskPairs) => SPLITS.filter((split) => pairs[split])
  const description = tasks.map((task) => ({
    name: task.name,
    group: task.group,
    ...Object.fromEntries(splitsOf(task).map((split) => [split, [`${task.name}/${split}.jsonl`]])),
    ...keyFields(task.group)
  }))
  const line = (pair: { readonly label: 0 | 1 }) =>
    `${JSON.stringify(snakeCased({ ...pair, label: String(pair.label) }))}\n`
  return [
    { path: `${folder}/dataset.json`, text: `${JSON.stringify({ tasks: description }, null, 2)}\n` },
    ...tasks.flatMap((task) =>
      splitsOf(task).map((split) => ({
        path: `${folder}/${task.name}/${split}.jsonl`,
        text: task.pairs[split]!.slice(0, limit).map(line).join('')
      }))
    )
  ]
}
