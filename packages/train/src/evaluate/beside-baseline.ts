import { MatcherError, type TaskSpec } from '@sohu-match/core'
import { readDataset, type Dataset } from '@sohu-match/node'
import { jiebaWords } from '../checkpoint/dictionary'
import { forTasks, ofTask } from '../data/for-tasks'
import { fitLexicalBaseline } from '../lexical/baseline'
import { lexicalScores } from '../lexical/beside'
import { compareModels, type TaskComparison } from './compare'
import { evaluation, type Evaluation } from './evaluation'
import { scoreExamples, type DataChoice } from './scoring'

/** A checkpoint compared with the lexical baseline. */
export interface BesideBaseline {
  /** `valid` if there are no labeled test pairs: thresholds and best epoch were chosen on it, which flatters both. */
  readonly split: 'test' | 'valid'
  /** Of the match tasks. */
  readonly pairs: number
  readonly tasks: readonly TaskComparison[]
  /** Tasks with labels or a score, whose baseline is the best constant answer; absent if there are none. */
  readonly others?: Evaluation
}

/** Fits the baseline on the data that the checkpoint was trained on. Throws as `readDataset` and `readCheckpoint`. */
export async function besideBaseline(
  checkpoint: string,
  { data, columns, task }: Omit<DataChoice, 'split'>,
  onProgress?: (done: number, total: number) => void
): Promise<BesideBaseline> {
  const dataset = await readDataset(data, ['train', 'valid', 'test'], { columns, optional: ['test'] })
  let split: 'test' | 'valid' = 'valid'
  const choose = (tasks: readonly TaskSpec[]): Dataset => {
    const mine = forTasks(ofTask(dataset, tasks, task), tasks)
    split = mine.splits.test.some(({ label, target }) => (label ?? target) !== undefined) ? 'test' : 'valid'
    return mine
  }
  const {
    rows,
    answers,
    config,
    thresholds,
    dataset: mine
  } = await scoreExamples(
    checkpoint,
    (tasks) => {
      const dataset = choose(tasks)
      return { dataset, examples: dataset.splits[split] }
    },
    onProgress
  )
  if (rows.length + answers.length === 0)
    throw new MatcherError('data-invalid', `${data} has no labeled pair to compare on.`)
  const others = answers.length > 0 && { others: evaluation([], config.tasks, thresholds, { answers }) }
  if (rows.length === 0) return { split, pairs: 0, tasks: [], ...others }
  const baseline = fitLexicalBaseline(mine.splits.train, mine.splits.valid, await jiebaWords())
  const lexical = lexicalScores(
    baseline,
    config.tasks,
    rows.map((row, place) => ({ ...row, place }))
  )
  const shared = [...lexical.rows].sort((one, other) => one.place - other.place) // pairs of tasks that the baseline knows
  const network = shared.map(({ place }) => rows[place]!)
  return {
    split,
    pairs: shared.length,
    tasks: compareModels({ rows: network, thresholds }, { rows: shared, thresholds: lexical.thresholds }, config.tasks),
    ...others
  }
}
