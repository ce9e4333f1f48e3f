import {
  thresholdOf,
  type AnswerRow,
  type Example,
  type ModelConfig,
  type ScoredRow,
  type TaskSpec,
  type Thresholds,
  type Tokenizer
} from '@sohu-match/core'
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
import { arithmeticOf } from './arithmetic'
import { predictPairs, type Prediction } from './predict'
import { disposeModel } from '../step/trainer'

/** A labeled pair with its texts, its tokens, its score, and the label at the checkpoint's threshold. */
export interface ScoredPair extends ScoredRow {
  readonly a: string
  readonly b: string
  readonly tokens: number
}

/** A labeled text or pair of a task with labels or a score. */
export interface AnsweredText extends AnswerRow {
  readonly a: string
  readonly b?: string | undefined
  readonly tokens: number
}

export interface ScoredSplit {
  readonly config: ModelConfig
  readonly tokenizer: Tokenizer
  readonly thresholds: Thresholds
  /** Pairs of the checkpoint's tasks, with its task ids. */
  readonly examples: readonly Example[]
  /** In the order of the examples; `predicted` is the class with the larger logit. */
  readonly predictions: readonly Prediction[]
  /** Labeled pairs of match tasks. */
  readonly rows: readonly ScoredPair[]
  /** Labeled texts and pairs of other tasks. */
  readonly answers: readonly AnsweredText[]
  /** Missing parts of the data folder. */
  readonly missing: readonly string[]
  /** Columns and splits that were guessed or made; the precision and kernels used, unless float32 and plain. */
  readonly notes: readonly string[]
  /** Ids of labels in `test_labels.csv` without a pair, and of pairs without a label. */
  readonly strayLabels: readonly string[]
  readonly unlabelled: readonly string[]
}

export interface DataChoice {
  readonly data: string
  /** `all`: every pair of a file, labeled or not. */
  readonly split: SplitName | 'all'
  readonly columns?: GivenColumns | undefined
  readonly task?: string | undefined
}

/** A data set for a network's tasks, and the pairs to score. */
interface Chosen {
  readonly dataset: Dataset
  readonly examples: readonly Example[]
}

/** Throws `data-invalid` or `config-invalid`. */
export async function dataForTasks(
  { data, columns, task }: Omit<DataChoice, 'split'>,
  wanted: readonly SplitName[],
  tasks: readonly TaskSpec[]
): Promise<Dataset> {
  return forTasks(ofTask(await readDataset(data, wanted, { columns }), tasks, task), tasks)
}

/** Tasks are matched by name. Throws `checkpoint-invalid`, `config-invalid` or `data-invalid`. */
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
  const { missing, strayLabels } = dataset
  const notes = [...dataset.notes, ...scored.notes]
  const unlabelled = scored.examples.flatMap(({ id, label, target }, i) =>
    (label ?? target) === undefined ? [id ?? `pair ${i + 1}`] : []
  )
  return { ...scored, missing, notes, strayLabels, unlabelled }
}

/**
 * Scores the examples chosen for a checkpoint's tasks, with the precision and kernels of its run. Throws
 * `checkpoint-invalid` and the errors of `choose`.
 */
export async function scoreExamples(
  checkpoint: string,
  choose: (tasks: readonly TaskSpec[]) => Chosen | Promise<Chosen>,
  onProgress?: (done: number, total: number) => void
) {
  const { arithmetic, notes } = await arithmeticOf(checkpoint)
  const { model, assets, thresholds } = await readCheckpoint(checkpoint)
  const { config } = model
  try {
    const { dataset, examples } = await choose(config.tasks)
    const tokenizer = tokenizerOf(assets)
    const pairs = await encodeExamples(examples, tokenizer, {
      maxLength: config.maxLength,
      architecture: config.architecture
    })
    const predictions = await predictPairs(model, pairs, { ...arithmetic, ...(onProgress && { onProgress }) })
    const labelled = labelledRows(examples, predictions, pairLengths(pairs), config.tasks, thresholds)
    return { config, tokenizer, thresholds, examples, predictions, ...labelled, dataset, notes }
  } finally {
    disposeModel(model)
  }
}

/** The labeled examples with their predictions, tokens and the labels at these thresholds. */
export function labelledRows(
  examples: readonly Example[],
  predictions: readonly Prediction[],
  lengths: ArrayLike<number>,
  tasks: readonly TaskSpec[],
  thresholds: Thresholds
): Pick<ScoredSplit, 'rows' | 'answers'> {
  const rows: ScoredPair[] = []
  const answers: AnsweredText[] = []
  examples.forEach(({ a, b, task, label, target }, i) => {
    const prediction = predictions[i]!
    const tokens = lengths[i]!
    if ('values' in prediction) {
      if (target) answers.push({ a, b, task, target, values: prediction.values, tokens })
    } else if (label !== undefined) {
      const { score } = prediction
      const predicted = score > thresholdOf(thresholds, tasks[task]!.name) ? 1 : 0
      rows.push({ a, b: b!, task, label, score, predicted, tokens })
    }
  })
  return { rows, answers }
}
