import { type Example, type ModelConfig, type ScoredRow, type Tokenizer } from '@sohu-match/core'
import { tokenizerOf, readDataset, type SplitName } from '@sohu-match/node'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { encodeExamples, pairLengths } from '../data/encode'
import { forTasks } from '../data/for-tasks'
import { predictPairs, type Prediction } from './predict'
import { disposeModel } from '../step/trainer'

/** A labelled pair as a checkpoint judges it: its texts, how many tokens it had, its score, and the label at the checkpoint's threshold. */
export interface ScoredPair extends ScoredRow {
  readonly a: string
  readonly b: string
  readonly tokens: number
}

/** A checkpoint's word on every pair of a split. */
export interface ScoredSplit {
  readonly config: ModelConfig
  readonly tokenizer: Tokenizer
  readonly thresholds: Readonly<Record<string, number>>
  /** The pairs of the checkpoint's tasks, with its task ids. */
  readonly examples: readonly Example[]
  /** In the order of the examples; `predicted` is the class with the larger logit. */
  readonly predictions: readonly Prediction[]
  /** The labelled ones. */
  readonly rows: readonly ScoredPair[]
  /** What the data folder lacks. */
  readonly missing: readonly string[]
  /** Ids of labels in `test_labels.csv` without a pair, and of pairs without a label. */
  readonly strayLabels: readonly string[]
  readonly unlabelled: readonly string[]
}

/** Scores a split of a data folder with a checkpoint; tasks are matched by name. Throws `checkpoint-invalid` or `data-invalid`. */
export async function scoreSplit(
  options: { checkpoint: string; data: string; split: SplitName },
  onProgress?: (done: number, total: number) => void
): Promise<ScoredSplit> {
  const { model, assets, thresholds } = await readCheckpoint(options.checkpoint)
  const { config } = model
  try {
    const { splits, missing, strayLabels } = forTasks(await readDataset(options.data, [options.split]), config.tasks)
    const examples = splits[options.split]
    const tokenizer = tokenizerOf(assets)
    const pairs = await encodeExamples(examples, tokenizer, {
      maxLength: config.maxLength,
      separate: config.architecture === 'bi-encoder'
    })
    const predictions = await predictPairs(model, pairs, onProgress && { onProgress })
    const lengths = pairLengths(pairs)
    const rows = examples.flatMap(({ a, b, task, label }, i): ScoredPair[] => {
      const { score } = predictions[i]!
      return label === undefined
        ? []
        : [
            {
              a,
              b,
              task,
              label,
              score,
              predicted: score > thresholds[config.tasks[task]!.name]! ? 1 : 0,
              tokens: lengths[i]!
            }
          ]
    })
    const unlabelled = examples.flatMap(({ id, label }, i) => (label === undefined ? [id ?? `pair ${i + 1}`] : []))
    return { config, tokenizer, thresholds, examples, predictions, rows, missing, strayLabels, unlabelled }
  } finally {
    disposeModel(model)
  }
}
