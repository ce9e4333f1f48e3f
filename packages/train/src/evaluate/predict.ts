import { argmaxLabel, type ScoredRow } from '@sohu-match/core'
import { predict, type Model } from '../autograd/pass'
import { padBatch } from '../data/batch'
import { planEvaluation } from '../data/buckets'
import { pairLengths, type EncodedPairs } from '../data/encode'

/** Padded tokens of one evaluation batch. */
const BATCH_TOKENS = 8192

/** What the network says of one pair: P(match), and the class with the larger logit. */
export interface Prediction {
  readonly score: number
  readonly predicted: 0 | 1
}

/** Scores every pair, dropout off, in batches of similar length; the result is in the order of the pairs. `signal` is looked at between batches. */
export async function predictPairs(
  model: Model,
  pairs: EncodedPairs,
  options: { onProgress?: (done: number, total: number) => void; signal?: AbortSignal } = {}
): Promise<Prediction[]> {
  const predictions: Prediction[] = new Array(pairs.labels.length)
  let done = 0
  for (const indices of planEvaluation(pairLengths(pairs), BATCH_TOKENS)) {
    options.signal?.throwIfAborted()
    const logits = predict(model, padBatch(pairs, indices)) // [batch, 2]
    const values = (await logits.data()) as Float32Array
    logits.dispose()
    indices.forEach((pair, row) => {
      const [no, yes] = values.subarray(2 * row, 2 * row + 2) as unknown as [number, number]
      predictions[pair] = { score: 1 / (1 + Math.exp(no - yes)), predicted: argmaxLabel([no, yes]) }
    })
    done += indices.length
    options.onProgress?.(done, predictions.length)
  }
  return predictions
}

/** The labelled pairs with their predictions, as the metrics take them. */
export function scoredRows(pairs: EncodedPairs, predictions: readonly Prediction[]): ScoredRow[] {
  return predictions.flatMap((prediction, i) => {
    const label = pairs.labels[i]!
    return label < 0 ? [] : [{ ...prediction, task: pairs.taskIds[i]!, label: label as 0 | 1 }]
  })
}
