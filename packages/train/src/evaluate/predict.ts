import { argmaxLabel, matchScore, type ScoredRow } from '@sohu-match/core'
import { predict, type Model } from '../autograd/pass'
import { gatherBatch } from '../data/batch'
import { distinctTexts, padTexts } from '../data/text-batch'
import type { Tensor } from '../tfjs'
import { planEvaluation } from '../data/buckets'
import { pairLengths, type EncodedPairs } from '../data/encode'

/** Padded tokens of one evaluation batch. */
const BATCH_TOKENS = 8192

/** Progress in pairs, and a signal that ends the work. */
export interface PredictOptions {
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** What the network says of one pair: P(match), and the class with the larger logit. */
export interface Prediction {
  readonly score: number
  readonly predicted: 0 | 1
}

/** Scores every pair in float32, dropout off; the result is in the order of the pairs. `signal` is looked at between batches. */
export async function predictPairs(
  model: Model,
  pairs: EncodedPairs,
  options: PredictOptions = {}
): Promise<Prediction[]> {
  return model.config.architecture === 'bi-encoder'
    ? predictByVectors(model, pairs, options)
    : predictByLogits(model, pairs, options)
}

async function predictByLogits(
  model: Model,
  pairs: EncodedPairs,
  { onProgress, signal }: PredictOptions
): Promise<Prediction[]> {
  const predictions: Prediction[] = new Array(pairs.labels.length)
  let done = 0
  for (const indices of planEvaluation(pairLengths(pairs), BATCH_TOKENS)) {
    signal?.throwIfAborted()
    const logits = await valuesOf(predict(model, gatherBatch(pairs, indices))) // [batch, 2]
    indices.forEach((pair, row) => (predictions[pair] = prediction(logits[2 * row]!, logits[2 * row + 1]!)))
    done += indices.length
    onProgress?.(done, predictions.length)
  }
  return predictions
}

/** Each distinct text is read once; a pair's score comes from the cosine of its two vectors. Progress is in pairs. */
async function predictByVectors(
  model: Model,
  pairs: EncodedPairs,
  { onProgress, signal }: PredictOptions
): Promise<Prediction[]> {
  const count = pairs.labels.length
  const texts = distinctTexts(
    pairs,
    Int32Array.from({ length: count }, (_, i) => i)
  )
  const width = model.config.hiddenSize
  const vectors = new Float32Array(texts.tokens.length * width)
  let done = 0
  const lengths = texts.tokens.map(({ length }) => length)
  for (const rows of planEvaluation(lengths, BATCH_TOKENS)) {
    signal?.throwIfAborted()
    // texts are sorted by length already, so a batch is a range of them
    const values = await valuesOf(predict(model, padTexts(texts, rows[0]!, rows.at(-1)! + 1)))
    vectors.set(values, rows[0]! * width)
    done += rows.length
    onProgress?.(Math.floor((count * done) / lengths.length), count)
  }
  const [scales, offsets] = ['score.scale', 'score.offset'].map((name) => model.variables.get(name)!.values())
  return Array.from({ length: count }, (_, pair) => {
    const task = pairs.taskIds[pair]!
    const cosine = dot(vectors, texts.a[pair]! * width, texts.b[pair]! * width, width)
    return prediction(0, scales![task]! * cosine + offsets![task]!)
  })
}

async function valuesOf(tensor: Tensor): Promise<Float32Array> {
  const values = (await tensor.data()) as Float32Array
  tensor.dispose()
  return values
}

function prediction(no: number, yes: number): Prediction {
  return { score: matchScore([no, yes]), predicted: argmaxLabel([no, yes]) }
}

function dot(values: Float32Array, i: number, j: number, width: number): number {
  let sum = 0
  for (let k = 0; k < width; k++) sum += values[i + k]! * values[j + k]!
  return sum
}

/** The labelled pairs with their predictions, as the metrics take them. */
export function scoredRows(pairs: EncodedPairs, predictions: readonly Prediction[]): ScoredRow[] {
  return predictions.flatMap((prediction, i) => {
    const label = pairs.labels[i]!
    return label < 0 ? [] : [{ ...prediction, task: pairs.taskIds[i]!, label: label as 0 | 1 }]
  })
}
