import { type Example, type ModelConfig, type ScoredRow, type TaskSpec, type Tokenizer } from '@sohu-match/core'
import {
  readAllPairs,
  readDataset,
  tokenizerOf,
  type Dataset,
  type GivenColumns,
  type SplitName
} from '@sohu-match/node'
import { readCheckpoint } from '../checkpoint/checkpoint'
import { encodeExamples, pairLengths } from '../data/encode'
import { forTasks, ofTask } from '../data/for-tasks'
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
  /** What the data folder lacks, and what was guessed or made of the data. */
  readonly missing: readonly string[]
  readonly notes: readonly string[]
  /** Ids of labels in `test_labels.csv` without a pair, and of pairs without a label. */
  readonly strayLabels: readonly string[]
  readonly unlabelled: readonly string[]
}

/** The pairs to be scored. */
export interface DataChoice {
  /** A data folder or file. */
  readonly data: string
  /** `all`: every pair of a file, with or without a label. */
  readonly split: SplitName | 'all'
  readonly columns?: GivenColumns | undefined
  /** The task of a file's pairs. */
  readonly task?: string | undefined
}

/** A data set for a network's tasks, and those of its pairs that are to be scored. */
interface Chosen {
  readonly dataset: Dataset
  readonly examples: readonly Example[]
}

/** Reads the wanted splits for a network's tasks. Throws `data-invalid` or `config-invalid`. */
export async function dataForTasks(
  { data, columns, task }: Omit<DataChoice, 'split'>,
  wanted: readonly SplitName[],
  tasks: readonly TaskSpec[]
): Promise<Dataset> {
  return forTasks(ofTask(await readDataset(data, wanted, { columns }), tasks, task), tasks)
}

/** Scores a split of a data folder or file with a checkpoint; tasks are matched by name. Throws `checkpoint-invalid`, `config-invalid` or `data-invalid`. */
export async function scoreSplit(
  options: DataChoice & { readonly checkpoint: string },
  onProgress?: (done: number, total: number) => void
): Promise<ScoredSplit> {
  const split = options.split === 'all' ? 'test' : options.split
  const { dataset, ...scored } = await scoreExamples(
    options.checkpoint,
    async (tasks) => {
      const dataset =
        options.split === 'all'
          ? forTasks(ofTask(await readAllPairs(options.data, options.columns), tasks, options.task), tasks)
          : await dataForTasks(options, [split], tasks)
      return { dataset, examples: dataset.splits[split] }
    },
    onProgress
  )
  const { missing, strayLabels, notes } = dataset
  const unlabelled = scored.examples.flatMap(({ id, label }, i) => (label === undefined ? [id ?? `pair ${i + 1}`] : []))
  return { ...scored, missing, notes, strayLabels, unlabelled }
}

/** Scores the examples that are chosen for a checkpoint's tasks. Throws `checkpoint-invalid` and what `choose` throws. */
export async function scoreExamples(
  checkpoint: string,
  choose: (tasks: readonly TaskSpec[]) => Chosen | Promise<Chosen>,
  onProgress?: (done: number, total: number) => void
) {
  const { model, assets, thresholds } = await readCheckpoint(checkpoint)
  const { config } = model
  try {
    const { dataset, examples } = await choose(config.tasks)
    const tokenizer = tokenizerOf(assets)
    const pairs = await encodeExamples(examples, tokenizer, {
      maxLength: config.maxLength,
      architecture: config.architecture
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
    return { config, tokenizer, thresholds, examples, predictions, rows, dataset }
  } finally {
    disposeModel(model)
  }
}
