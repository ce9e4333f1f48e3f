import { argmaxLabel, matchScore, type ModelConfig, type ScoredRow } from '@sohu-match/core'
import { predict, type InputBatch, type Model } from '../autograd/pass'
import { gatherBatch } from '../data/batch'
import { distinctTexts, padTexts, type DistinctTexts } from '../data/text-batch'
import { planEvaluation } from '../data/buckets'
import { pairLengths, type EncodedPairs } from '../data/encode'

/** Padded tokens of one evaluation batch. */
const BATCH_TOKENS = 8192

export interface PredictOptions {
  /** As in training: `auto` is faster and may differ in the last bits. Default: plain. */
  readonly kernels?: 'plain' | 'auto'
  /** In pairs, after each batch. */
  readonly onProgress?: (done: number, total: number) => void
}

/** A network that scores encoded pairs: one in training, or an exported graph. */
export interface PairNetwork {
  readonly architecture: ModelConfig['architecture']
  /** Logits [batch, 2] of pairs, or a bi-encoder's vectors [batch, width] of texts, row-major. */
  run(batch: InputBatch): Promise<Float32Array>
  /** Width of a bi-encoder's vectors, and the parameters of its scores, by task id. */
  readonly width: number
  readonly scales: ArrayLike<number>
  readonly offsets: ArrayLike<number>
}

/** Outputs for pairs, in their order. */
export interface PairOutputs {
  /** Logits [pairs, 2], row-major; column 1 means that the texts match. */
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

/** P(match), and the class with the larger logit. */
export interface Prediction {
  readonly score: number
  readonly predicted: 0 | 1
}

/** In float32 without dropout; results are in the order of the pairs. */
export async function predictPairs(
  model: Model,
  pairs: EncodedPairs,
  options: PredictOptions = {}
): Promise<Prediction[]> {
  const { logits } = await pairOutputs(networkOf(model, options), pairs, options)
  return Array.from({ length: pairs.labels.length }, (_, pair) => prediction(logits[2 * pair]!, logits[2 * pair + 1]!))
}

export function networkOf(model: Model, { kernels = 'plain' }: Pick<PredictOptions, 'kernels'> = {}): PairNetwork {
  const { architecture, hiddenSize } = model.config
  const ofTasks = (name: string): ArrayLike<number> => model.variables.get(name)?.values() ?? []
  return {
    architecture,
    width: hiddenSize,
    run: async (batch) => {
      const output = predict(model, batch, { kernels })
      const values = (await output.data()) as Float32Array
      output.dispose()
      return values
    },
    scales: ofTasks('score.scale'),
    offsets: ofTasks('score.offset')
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
  const all = new Float64Array(2 * pairs.labels.length)
  let done = 0
  for (const indices of planEvaluation(pairLengths(pairs), BATCH_TOKENS)) {
    const logits = await network.run(gatherBatch(pairs, indices)) // [batch, 2]
    indices.forEach((pair, row) => all.set(logits.subarray(2 * row, 2 * row + 2), 2 * pair))
    done += indices.length
    onProgress?.(done, pairs.labels.length)
  }
  return all
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
  const texts = distinctTexts(
    pairs,
    Int32Array.from({ length: count }, (_, i) => i)
  )
  const { width, scales, offsets } = network
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

function prediction(no: number, yes: number): Prediction {
  return { score: matchScore([no, yes]), predicted: argmaxLabel([no, yes]) }
}

function dot(values: Float32Array, i: number, j: number, width: number): number {
  let sum = 0
  for (let k = 0; k < width; k++) sum += values[i + k]! * values[j + k]!
  return sum
}

/** Only labeled pairs. */
export function scoredRows(pairs: EncodedPairs, predictions: readonly Prediction[]): ScoredRow[] {
  return predictions.flatMap((prediction, i) => {
    const label = pairs.labels[i]!
    return label < 0 ? [] : [{ ...prediction, task: pairs.taskIds[i]!, label: label as 0 | 1 }]
  })
}
