import { runNetwork, type InputBatch, type Model } from '../autograd/pass'
import { Tape, type Value } from '../autograd/tape'
import type { EncodedPairs } from '../data/encode'
import { planEvaluation } from '../data/buckets'
import { distinctTexts, padTexts } from '../data/text-batch'
import { BATCH_TOKENS, tasksReadAlike } from '../evaluate/predict'

/**
 * Adds `factor` times the mean vector of the texts to every vector of a bi-encoder, before they are normalized: to the offset of the last norm.
 * Contrastive training spreads vectors around zero and so removes what all texts have in common (Wang and Isola 2020, arXiv:2005.10242);
 * with the mean, a cosine depends more on how far apart two texts are and less on how unusual they are.
 */
export function addMean(model: Model, pairs: EncodedPairs, factor: number): void {
  const mean = meanVector(model, pairs)
  const { normPosition, numHiddenLayers } = model.config
  const last = normPosition === 'pre' ? 'final.norm' : `layer.${numHiddenLayers - 1}.ffn.norm`
  const offset = model.variables.get(`${last}.beta`)!
  offset.assign(offset.values().map((value, i) => value + factor * mean[i]!))
}

/** Of the distinct texts of `pairs`, before normalization, `[hidden]`; a text counts once for each way in which its tasks read it. */
function meanVector(model: Model, pairs: EncodedPairs): Float64Array {
  const alike = tasksReadAlike(model)
  const texts = distinctTexts(
    { ...pairs, taskIds: pairs.taskIds.map((task) => alike[task]!) },
    Int32Array.from(pairs.labels, (_, i) => i)
  )
  const count = texts.tokens.length
  const { hiddenSize } = model.config
  const sums = new Float64Array(hiddenSize)
  const lengths = texts.tokens.map(({ length }) => length)
  for (const rows of planEvaluation(lengths, BATCH_TOKENS)) {
    const values = pooledVectors(model, padTexts(texts, rows[0]!, rows.at(-1)! + 1))
    values.forEach((value, i) => (sums[i % hiddenSize]! += value))
  }
  return sums.map((sum) => sum / count)
}

/** `[batch, hidden]`, row-major. */
function pooledVectors(model: Model, batch: InputBatch): Float32Array {
  const tape = new Tape({ recording: false })
  let pooled: Value | undefined
  const observe = (place: 'layer' | 'pooled', _index: number, value: Value): void => {
    if (place === 'pooled') pooled = value
  }
  try {
    runNetwork(tape, model, batch, {}, { observe })
    return pooled!.tensor.dataSync() as Float32Array
  } finally {
    tape.dispose()
  }
}
