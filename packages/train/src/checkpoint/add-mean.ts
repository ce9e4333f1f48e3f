import { runNetwork, type InputBatch, type Model } from '../autograd/pass'
import { Tape, type Value } from '../autograd/tape'
import type { EncodedPairs } from '../data/encode'
import { networkOf, textsRead, textVectors } from '../evaluate/predict'

/**
 * Adds `factor` times the mean vector of the texts to every vector of a bi-encoder, before they are normalized: to the offset of the last norm.
 * Contrastive training spreads vectors around zero and so removes what all texts have in common (Wang and Isola 2020, arXiv:2005.10242);
 * with the mean, a cosine depends more on how far apart two texts are and less on how unusual they are.
 */
export async function addMean(model: Model, pairs: EncodedPairs, factor: number): Promise<void> {
  const mean = await meanVector(model, pairs)
  const { normPosition, numHiddenLayers } = model.config
  const last = normPosition === 'pre' ? 'final.norm' : `layer.${numHiddenLayers - 1}.ffn.norm`
  const offset = model.variables.get(`${last}.beta`)!
  offset.assign(offset.values().map((value, i) => value + factor * mean[i]!))
}

/** Of the distinct texts of `pairs`, before normalization, `[hidden]`; a text counts once for each way in which its tasks read it. */
async function meanVector(model: Model, pairs: EncodedPairs): Promise<Float64Array> {
  const { hiddenSize } = model.config
  const network = { ...networkOf(model), run: async (batch: InputBatch) => pooledVectors(model, batch) }
  const vectors = await textVectors(network, textsRead(network, pairs))
  const sums = new Float64Array(hiddenSize)
  vectors.forEach((value, i) => (sums[i % hiddenSize]! += value))
  return sums.map((sum) => (sum * hiddenSize) / vectors.length)
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
