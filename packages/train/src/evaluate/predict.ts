import {
  answerValues,
  argmaxLabel,
  headLayout,
  kindOf,
  matchScore,
  type AnswerRow,
  type EvaluationRows,
  type ModelConfig,
  type ScoredRow
} from '@sohu-match/core'
import { predict, type InputBatch, type Model } from '../autograd/pass'
import type { Arithmetic } from '../autograd/training-ops'
import { gatherBatch } from '../data/batch'
import { distinctTexts, padTexts, type DistinctTexts } from '../data/text-batch'
import { planEvaluation } from '../data/buckets'
import { pairLengths, type EncodedPairs } from '../data/encode'
import { tasksReadAlike } from './read-alike'

/** Padded tokens of one evaluation batch. */
export const BATCH_TOKENS = 8192

/** As in training. Default: float32 and plain kernels. */
export interface PredictOptions extends Arithmetic {
  /** In pairs, after each batch. */
  readonly onProgress?: (done: number, total: number) => void
}

/** A network that scores encoded pairs: one in training, or an exported graph. */
export interface PairNetwork {
  readonly architecture: ModelConfig['architecture']
  /** Logits [batch, columns] of pairs, or a bi-encoder's vectors [batch, width] of texts, row-major. */
  run(batch: InputBatch): Promise<Float32Array>
  /** Columns of the logits. Default: 2. */
  readonly columns?: number
  /** The first column of each task's head, by its id; 0 unless tasks have labels. */
  readonly firstColumns?: readonly number[]
  /** Width of a bi-encoder's vectors, and the parameters of its scores, by task id. */
  readonly width: number
  readonly scales: ArrayLike<number>
  readonly offsets: ArrayLike<number>
  /** For each task id, the first task that reads texts in the same way. Only of a bi-encoder, if known. */
  readonly alike?: ArrayLike<number>
}

/** Outputs for pairs, in their order. */
export interface PairOutputs {
  /** Logits [pairs, columns], row-major; with match tasks only, [pairs, 2]: column 1 means that the texts match. */
  readonly logits: Float64Array
  /** Only of a bi-encoder. */
  readonly texts?: TextVectors
}

/** Vectors of the distinct texts of pairs. */
export interface TextVectors {
  /** `[texts, width]`, row-major. */
  readonly values: Float32Array
  /** Rows of the first and of the second text of each pair, `[pairs]`. */
  readonly a: Int32Array
  readonly b: Int32Array
}

/** Of a match task: P(match), and the class with the larger logit. */
export interface MatchPrediction {
  readonly score: number
  readonly predicted: 0 | 1
}

/** The output for a pair, or text; for a task with labels or a score, its `answerValues`. */
export type Prediction = MatchPrediction | Pick<AnswerRow, 'values'>

/** Without dropout; results are in the order of the pairs. */
export async function predictPairs(
  model: Model,
  pairs: EncodedPairs,
  options: PredictOptions = {}
): Promise<Prediction[]> {
  const { logits } = await pairOutputs(networkOf(model, options), pairs, options)
  const { tasks, heads } = model.config
  const { width, ofTask } = headLayout(tasks, heads)
  return Array.from({ length: pairs.labels.length }, (_, pair): Prediction => {
    const task = tasks[pairs.taskIds[pair]!]!
    const [from, to] = ofTask[task.id]!
    const own = [...logits.subarray(pair * width + from, pair * width + to)]
    return kindOf(task) === 'match' ? prediction(own[0]!, own[1]!) : { values: answerValues(task, own) }
  })
}

export function networkOf(model: Model, arithmetic: Arithmetic = {}): PairNetwork {
  const { architecture, hiddenSize, tasks, heads } = model.config
  const ofTasks = (name: string): ArrayLike<number> => model.variables.get(name)?.values() ?? []
  const { width: columns, ofTask } = headLayout(tasks, heads)
  return {
    architecture,
    columns,
    firstColumns: ofTask.map(([from]) => from),
    width: hiddenSize,
    run: async (batch) => {
      const output = predict(model, batch, arithmetic)
      const values = (await output.data()) as Float32Array
      output.dispose()
      return values
    },
    scales: ofTasks('score.scale'),
    offsets: ofTasks('score.offset'),
    ...(architecture === 'bi-encoder' && { alike: tasksReadAlike(model) })
  }
}

/** The logits of every pair and, for a bi-encoder, the vectors of their texts. */
export async function pairOutputs(
  network: PairNetwork,
  pairs: EncodedPairs,
  options: PredictOptions = {}
): Promise<PairOutputs> {
  return network.architecture === 'bi-encoder'
    ? outputsByVectors(network, pairs, options)
    : { logits: await outputsOfPairs(network, pairs, options) }
}

async function outputsOfPairs(
  network: PairNetwork,
  pairs: EncodedPairs,
  { onProgress }: PredictOptions
): Promise<Float64Array> {
  const { columns = 2 } = network
  const all = new Float64Array(columns * pairs.labels.length)
  let done = 0
  for (const indices of planEvaluation(pairLengths(pairs), BATCH_TOKENS)) {
    const logits = await network.run(gatherBatch(pairs, indices)) // [batch, columns]
    indices.forEach((pair, row) => all.set(logits.subarray(columns * row, columns * (row + 1)), columns * pair))
    done += indices.length
    onProgress?.(done, pairs.labels.length)
  }
  return all
}

/** The distinct texts of all pairs, once for tasks that read them in the same way. */
export function textsRead({ alike }: PairNetwork, pairs: EncodedPairs): DistinctTexts {
  return distinctTexts(
    alike ? { ...pairs, taskIds: pairs.taskIds.map((task) => alike[task]!) } : pairs,
    Int32Array.from(pairs.labels, (_, i) => i)
  )
}

/** `[texts, width]`, row-major. Progress is in texts. */
export async function textVectors(
  network: PairNetwork,
  texts: DistinctTexts,
  { onProgress }: PredictOptions = {}
): Promise<Float32Array> {
  const { width } = network
  const lengths = texts.tokens.map(({ length }) => length)
  const values = new Float32Array(lengths.length * width)
  let done = 0
  for (const rows of planEvaluation(lengths, BATCH_TOKENS)) {
    // texts are already sorted by length, so a batch is a range of them
    values.set(await network.run(padTexts(texts, rows[0]!, rows.at(-1)! + 1)), rows[0]! * width)
    done += rows.length
    onProgress?.(done, lengths.length)
  }
  return values
}

/** Reads each distinct text once; a pair's score follows from the cosine of its two vectors. */
async function outputsByVectors(
  network: PairNetwork,
  pairs: EncodedPairs,
  { onProgress }: PredictOptions
): Promise<PairOutputs> {
  const count = pairs.labels.length
  const { width, scales, offsets } = network
  const texts = textsRead(network, pairs)
  const values = await textVectors(network, texts, {
    onProgress: (done, total) => onProgress?.(Math.floor((count * done) / total), count)
  })
  const { a, b } = texts
  const logits = new Float64Array(2 * count)
  for (let pair = 0; pair < count; pair++) {
    const task = pairs.taskIds[pair]!
    logits[2 * pair + 1] = scales[task]! * dot(values, a[pair]! * width, b[pair]! * width, width) + offsets[task]!
  }
  return { logits, texts: { values, a, b } }
}

function prediction(no: number, yes: number): MatchPrediction {
  return { score: matchScore([no, yes]), predicted: argmaxLabel([no, yes]) }
}

function dot(values: Float32Array, i: number, j: number, width: number): number {
  let sum = 0
  for (let k = 0; k < width; k++) sum += values[i + k]! * values[j + k]!
  return sum
}

/** Only labeled pairs. */
export function evaluationRows(pairs: EncodedPairs, predictions: readonly Prediction[]): EvaluationRows {
  const rows: ScoredRow[] = []
  const answers: AnswerRow[] = []
  predictions.forEach((prediction, i) => {
    const task = pairs.taskIds[i]!
    const [label, target] = [pairs.labels[i]!, pairs.targets?.[i]]
    if ('values' in prediction) {
      if (target) answers.push({ task, target, values: prediction.values })
    } else if (label >= 0) rows.push({ ...prediction, task, label: label as 0 | 1 })
  })
  return { rows, answers }
}
