import type { Example, ScoredRow, TaskSpec } from '@sohu-match/core'
import { evaluation, type Evaluation } from '../evaluate/evaluation'
import { dataForTasks, type DataChoice } from '../evaluate/scoring'
import { fitLexicalBaseline, type LexicalBaseline } from './baseline'

/** Fitted on the train split of the data, thresholds from the valid split. Throws `data-invalid`. */
export async function lexicalBaselineOf(
  data: Omit<DataChoice, 'split'>,
  tasks: readonly TaskSpec[],
  words: (text: string) => readonly string[]
): Promise<LexicalBaseline> {
  const { splits } = await dataForTasks(data, ['train', 'valid'], tasks)
  return fitLexicalBaseline(splits.train, splits.valid, words)
}

/** Scores of labeled pairs, with thresholds by task name. */
export function lexicalScores<P extends Example>(
  baseline: LexicalBaseline,
  tasks: readonly TaskSpec[],
  pairs: readonly P[]
) {
  const thresholds: Record<string, number> = Object.fromEntries(
    [...baseline.thresholds].map(([task, threshold]) => [tasks[task]!.name, threshold])
  )
  const rows: (P & ScoredRow)[] = baseline.rows(pairs)
  return { tasks, thresholds, rows }
}

/** Metrics on the pairs that a checkpoint was evaluated on. `words` segments a text. Throws `data-invalid`. */
export async function lexicalEvaluation(
  data: Omit<DataChoice, 'split'>,
  tasks: readonly TaskSpec[],
  pairs: readonly (Example & { readonly tokens: number })[],
  words: (text: string) => readonly string[]
): Promise<Evaluation> {
  const { rows, thresholds } = lexicalScores(await lexicalBaselineOf(data, tasks, words), tasks, pairs)
  return evaluation(rows, tasks, thresholds)
}
