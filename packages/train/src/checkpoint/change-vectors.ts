import { MatcherError } from '@sohu-match/core'
import { runNetwork, type InputBatch, type Model } from '../autograd/pass'
import { Tape, type Value } from '../autograd/tape'
import type { EncodedPairs } from '../data/encode'
import { networkOf, textsRead, textVectors } from '../evaluate/predict'

/** A change of a bi-encoder's vectors before they are normalized; 0 and 0 is none. */
export interface VectorChange {
  /** The mean vector of the texts is added this many times. */
  readonly mean: number
  /** Each coordinate, its mean added, is multiplied by its standard deviation over the texts to this power. */
  readonly spread: number
}

/**
 * Changes a bi-encoder's vectors through gain and offset of its last norm.
 *
 * `mean`: contrastive training spreads vectors around zero and so removes what all texts have in common (Wang and Isola 2020,
 * arXiv:2005.10242); with the mean, a cosine depends more on how far apart two texts are and less on how unusual they are.
 *
 * `spread`: coordinates in which texts differ more count for more, the opposite of whitening (Su et al. 2021, arXiv:2103.15316). Throws
 * `data-invalid` if all texts have the same vector.
 */
export async function changeVectors(model: Model, pairs: EncodedPairs, { mean, spread }: VectorChange): Promise<void> {
  const { means, deviations } = await vectorStatistics(model, pairs)
  const { hiddenSize, normPosition, numHiddenLayers } = model.config
  const last = normPosition === 'pre' ? 'final.norm' : `layer.${numHiddenLayers - 1}.ffn.norm`
  const offset = model.variables.get(`${last}.beta`)!
  offset.assign(offset.values().map((value, i) => value + mean * means[i]!))
  if (spread === 0) return
  // Only their proportions change a cosine; divided by the mean, vectors keep about their length.
  const typical = deviations.reduce((sum, deviation) => sum + deviation, 0) / hiddenSize
  if (typical === 0)
    throw new MatcherError(
      'data-invalid',
      'All valid texts have the same vector, so coordinates cannot be weighted by how much they vary. Name data with different texts, or leave --spread out.'
    )
  const factors = deviations.map((deviation) => (deviation / typical) ** spread)
  for (const name of ['gamma', 'beta', 'gamma_cond', 'beta_cond']) {
    const variable = model.variables.get(`${last}.${name}`) // [hidden], or [condition, hidden]; no condition, no such weight
    variable?.assign(variable.values().map((value, i) => value * factors[i % hiddenSize]!))
  }
}

/**
 * By coordinate `[hidden]`, over the distinct texts of `pairs`, before normalization; a text counts once for each way in which its tasks read it.
 */
async function vectorStatistics(model: Model, pairs: EncodedPairs) {
  const { hiddenSize } = model.config
  const network = { ...networkOf(model), run: async (batch: InputBatch) => pooledVectors(model, batch) }
  const vectors = await textVectors(network, textsRead(network, pairs)) // [texts, hidden]
  const texts = vectors.length / hiddenSize
  const means = new Float64Array(hiddenSize)
  const squares = new Float64Array(hiddenSize) // of differences from the mean
  vectors.forEach((value, i) => (means[i % hiddenSize]! += value / texts))
  vectors.forEach((value, i) => (squares[i % hiddenSize]! += (value - means[i % hiddenSize]!) ** 2 / texts))
  return { means, deviations: squares.map(Math.sqrt) }
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
