import type { ModelConfig } from '@sohu-match/core'
import { createRandom, type Random } from '../data/random'
import { randomOrthogonal, transposed } from './matrix'

/** Strength of the match between a token's query and the key of the same token. */
const QUERY_GAIN = 1.5
/** Share of the attended value that is written back. */
const VALUE_GAIN = 0.7
/** Length of the opposite segment embeddings, as a share of √hidden. */
const SEGMENT_LENGTH = 0.5

/** Rotary pairs that turn slower than this, in radians per token, encode what a token is rather than where it is. */
const SLOW = 0.02

/**
 * Initial values with which attention compares the two texts from the first step, which a network this small otherwise
 * fails to learn. The two segment embeddings are large and opposite. In every layer queries and keys share one
 * orthogonal projection, restricted to the rotary pairs that hardly turn, so that equal words score highest at any
 * position; the first layer's keys are reflected along the segment direction, so that the equal word of the other text
 * wins. Value and output are a scaled orthogonal matrix and its transpose (mimetic initialization, Trockman and Kolter
 * 2023, arXiv:2305.09828). The result has only the parameters that it changes.
 */
export function crossInitialization(config: ModelConfig, seed: number): Map<string, Float32Array> {
  const { embeddingSize, hiddenSize, numHiddenLayers } = config
  const values = new Map<string, Float32Array>()
  const direction = unitVector(embeddingSize, createRandom(seed, 'segment direction'))
  const noise = createRandom(seed, 'segment noise')
  const length = SEGMENT_LENGTH * Math.sqrt(embeddingSize)
  values.set(
    'embeddings.segment',
    Float32Array.from(
      { length: 2 * embeddingSize },
      (_, i) => (i < embeddingSize ? 1 : -1) * length * direction[i % embeddingSize]! + 0.02 * noise.normal()
    )
  )
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const random = createRandom(seed, 'cross', layer)
    const name = `layer.${layer}.attention`
    const query = slowProjection(config, random, QUERY_GAIN)
    const orthogonal = randomOrthogonal(hiddenSize, random).map((value) => value * VALUE_GAIN)
    values.set(`${name}.query.kernel`, query)
    values.set(
      `${name}.key.kernel`,
      layer === 0 && embeddingSize === hiddenSize ? reflected(query, direction) : query.slice()
    )
    values.set(`${name}.value.kernel`, orthogonal)
    values.set(`${name}.output.kernel`, transposed(orthogonal, hiddenSize))
  }
  return values
}

/** [hidden, hidden]: for each head an orthonormal projection onto its slow rotary pairs, zero elsewhere. */
function slowProjection({ hiddenSize, numAttentionHeads }: ModelConfig, random: Random, gain: number): Float32Array {
  const size = hiddenSize / numAttentionHeads
  const kernel = new Float32Array(hiddenSize * hiddenSize)
  const orthogonal = randomOrthogonal(hiddenSize, random) // its rows are orthonormal
  for (let column = 0; column < hiddenSize; column++) {
    const pair = Math.floor((column % size) / 2)
    if (10000 ** ((-2 * pair) / size) >= SLOW) continue
    for (let row = 0; row < hiddenSize; row++)
      kernel[row * hiddenSize + column] = gain * orthogonal[column * hiddenSize + row]!
  }
  return kernel
}

/** (I - 2 u uᵀ) K: the kernel applied to its input mirrored along u. */
function reflected(kernel: Float32Array, u: Float32Array): Float32Array {
  const n = u.length
  const along = new Float32Array(n)
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) along[column]! += u[row]! * kernel[row * n + column]!
  return kernel.map((value, index) => value - 2 * u[Math.floor(index / n)]! * along[index % n]!)
}

function unitVector(n: number, random: Random): Float32Array {
  const vector = Float32Array.from({ length: n }, () => random.normal())
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
