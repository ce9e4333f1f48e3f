import type { Example, TaskSpec } from '@sohu-match/core'
import { readDataset } from '@sohu-match/files'
import { forTasks } from '../data/for-tasks'
import { evaluation, type Evaluation } from '../report/evaluation'
import { fitLexicalBaseline } from './baseline'

/**
 * The lexical baseline's figures on the pairs that a checkpoint was evaluated on: fitted on the train split of `data`, thresholds from its
 * valid split. `words` cuts a text. Throws `data-invalid`.
 */
export async function lexicalEvaluation(
  data: string, tasks: readonly TaskSpec[], pairs: readonly (Example & { readonly tokens: number })[], words: (text: string) => readonly string[]
): Promise<Evaluation> {
  const { splits } = forTasks(await readDataset(data, ['train', 'valid']), tasks)
  const baseline = fitLexicalBaseline(splits.train, splits.valid, words)
  const thresholds = Object.fromEntries([...baseline.thresholds].map(([task, threshold]) => [tasks[task]!.name, threshold]))
  return evaluation(baseline.rows(pairs), tasks, thresholds)
}
