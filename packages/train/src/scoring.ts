import { createTokenizer, type Example, type ModelConfig, type ScoredRow } from '@sohu-match/core'
import { readDataset, type SplitName } from '@sohu-match/files'
import { readCheckpoint } from './checkpoint'
import { encodeExamples } from './data/encode'
import { predictPairs, scoredRows, type Prediction } from './evaluate'
import { disposeModel } from './trainer'

/** A checkpoint's word on every pair of a split. */
export interface ScoredSplit {
  readonly config: ModelConfig
  readonly thresholds: Readonly<Record<string, number>>
  readonly examples: readonly Example[]
  /** In the order of the examples; `predicted` is the class with the larger logit. */
  readonly predictions: readonly Prediction[]
  /** The labelled ones, `predicted` by the checkpoint's thresholds. */
  readonly rows: readonly ScoredRow[]
  readonly missing: readonly string[]
}

/** Scores a split of a data folder with a checkpoint. Throws `checkpoint-invalid` or `data-invalid`. */
export async function scoreSplit(
  options: { checkpoint: string; data: string; split: SplitName }, onProgress?: (done: number, total: number) => void
): Promise<ScoredSplit> {
  const { model, assets, thresholds } = await readCheckpoint(options.checkpoint)
  try {
    const dataset = await readDataset(options.data, [options.split])
    const examples = dataset.splits[options.split]
    const pairs = await encodeExamples(examples, createTokenizer(assets.vocab, assets.dictionary), { maxLength: model.config.maxLength })
    const predictions = await predictPairs(model, pairs, onProgress && { onProgress })
    const rows = scoredRows(pairs, predictions).map((row): ScoredRow => ({
      ...row, predicted: row.score > thresholds[model.config.tasks[row.task]!.name]! ? 1 : 0
    }))
    return { config: model.config, thresholds, examples, predictions, rows, missing: dataset.missing }
  } finally {
    disposeModel(model)
  }
}
