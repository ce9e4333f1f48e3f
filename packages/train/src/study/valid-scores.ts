import { join } from 'node:path'
import { openCheckpoint, readJson, tokenizerOf } from '@sohu-match/node'
import * as v from 'valibot'
import { exists } from '../checkpoint/checkpoint'
import { encodeExamples, pairLengths } from '../data/encode'
import { dataForTasks, labelledRows, type ScoredSplit } from '../evaluate/scoring'
import { VALID_SCORES } from '../report/run-files'

const schema = v.strictObject({ scores: v.array(v.number()) })

/**
 * What scoring the valid split of the run's own data would give, from the scores that the run kept with its best epoch.
 * Undefined if it kept none, or has tasks with labels or a score.
 */
export async function keptValidScores(
  checkpoint: string,
  data: string
): Promise<Pick<ScoredSplit, 'config' | 'thresholds' | 'rows' | 'answers'> | undefined> {
  const path = join(checkpoint, VALID_SCORES)
  if (!(await exists(path))) return undefined
  const kept = v.safeParse(schema, await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid'))
  if (!kept.success) return undefined
  const { config, assets, thresholds, weights } = await openCheckpoint(checkpoint)
  weights.close()
  const { splits } = await dataForTasks({ data }, ['valid'], config.tasks)
  const { tasks, maxLength, architecture } = config
  if (splits.valid.length !== kept.output.scores.length) return undefined
  const pairs = await encodeExamples(splits.valid, tokenizerOf(assets), { maxLength, architecture })
  const predictions = kept.output.scores.map((score) => ({ score, predicted: 0 as const }))
  return { config, thresholds, ...labelledRows(splits.valid, predictions, pairLengths(pairs), tasks, thresholds) }
}
