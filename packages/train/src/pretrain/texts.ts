import { stat } from 'node:fs/promises'
import { SOHU_TASKS, type TaskSpec } from '@sohu-match/core'
import { linesOfFile, readDataset, readError } from '@sohu-match/node'
import type { TextUnit } from './sequences'

/** Texts to pretrain on, and the tasks that the checkpoint will be fine-tuned for. */
export interface PretrainTexts {
  readonly units: readonly TextUnit[]
  readonly tasks: readonly TaskSpec[]
}

/** Reads texts from a file, one per line, or the pairs of the train split of a data folder. Throws `data-invalid`. */
export async function readTexts(path: string): Promise<PretrainTexts> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw readError(path, cause, 'data-invalid')
  })
  if (stats.isDirectory()) {
    const { tasks, splits } = await readDataset(path, ['train'])
    return { tasks, units: splits.train.map(({ a, b }): TextUnit => [a, b]) }
  }
  const units: TextUnit[] = []
  for await (const { text } of linesOfFile(path)) units.push([text])
  return { tasks: SOHU_TASKS, units }
}
