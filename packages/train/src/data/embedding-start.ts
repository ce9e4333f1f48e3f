import type { Vocab } from '@sohu-match/core'
import type { Encodings } from './encode'
import { inverseFrequencies, textsOf, wordTokens } from './overlap'
import { createRandom, type Random } from './random'
import type { SparseMatrix } from './sparse'
import { truncatedSvd } from './truncated-svd'

/**
 * Power of the singular values in a word's vector: 0 weights all dimensions equally, 1 is plain latent semantic
 * analysis.
 */
const SINGULAR_POWER = 0.5

export interface EmbeddingStartOptions {
  readonly seed: number
  /**
   * Standard deviation of the first dimension if it encodes how rare a word is; 0: it encodes characters like the
   * others.
   */
  readonly idfGain?: number
}

/**
 * Initial word embeddings `[vocabulary, size]`, row-major, each row of mean square 1: half from the word's characters,
 * half from a truncated SVD of the TF-IDF matrix of the training texts (Deerwester et al. 1990). Words that look or are
 * used alike start alike. With `idfGain` the first dimension encodes how rare the word is, and rows differ in length.
 * Deterministic in the seed.
 */
export function embeddingStart(
  encoded: Encodings,
  vocab: Vocab,
  size: number,
  { seed, idfGain = 0 }: EmbeddingStartOptions
): Float32Array {
  const rows = vocab.tokens.length
  const half = size >> 1
  const lexical = characterVectors(vocab, size - half, createRandom('embedding-characters', seed))
  const semantic = topicVectors(encoded, vocab, half, createRandom('embedding-topics', seed))
  const result = new Float32Array(rows * size)
  for (let r = 0; r < rows; r++) {
    result.set(lexical.subarray(r * (size - half), (r + 1) * (size - half)), r * size)
    result.set(semantic.subarray(r * half, (r + 1) * half), r * size + size - half)
  }
  if (idfGain > 0)
    rarity(encoded, vocab).forEach((value, id) => {
      result[id * size] = idfGain * value
    })
  return result
}

/**
 * Inverse document frequency `[vocabulary]`, normalized to mean 0 and deviation 1 over all words of the texts; 0 for
 * special tokens. It weights what two texts share, so the network need not learn it word by word.
 */
function rarity(encoded: Encodings, vocab: Vocab): Float64Array {
  const isWord = wordTokens(vocab)
  const idf = inverseFrequencies(encoded, vocab.tokens.length)
  const mean = (value: (idf: number) => number): number => {
    let [sum, weights] = [0, 0]
    idf.forEach((one, id) => {
      const weight = isWord[id] ? Math.exp(-one) : 0 // the share of texts, up to a factor
      sum += weight * value(one)
      weights += weight
    })
    return sum / weights
  }
  const center = mean((one) => one)
  const deviation = Math.sqrt(mean((one) => (one - center) ** 2)) || 1
  return Float64Array.from(idf, (one, id) => (isWord[id] ? (one - center) / deviation : 0))
}

/** The sum of a random vector for each character of a word, and one for the word; special tokens have only that one. */
function characterVectors(vocab: Vocab, size: number, random: Random): Float32Array {
  const isWord = wordTokens(vocab)
  const normal = () => Float32Array.from({ length: size }, () => random.normal())
  const characters = new Map<string, Float32Array>()
  const result = new Float32Array(vocab.tokens.length * size)
  vocab.tokens.forEach((token, id) => {
    const row = result.subarray(id * size, (id + 1) * size)
    row.set(normal())
    for (const char of isWord[id] ? token.replace(/^##/, '') : '') {
      if (!characters.has(char)) characters.set(char, normal())
      characters.get(char)!.forEach((value, j) => {
        row[j]! += value
      })
    }
    toUnitVariance(row)
  })
  return result
}

/** Latent vectors of the centered term-text matrix; random for unseen words and in dimensions beyond its rank. */
function topicVectors(encoded: Encodings, vocab: Vocab, size: number, random: Random): Float32Array {
  const matrix = termWeights(encoded, vocab)
  const { right, singular } = truncatedSvd(matrix, size, random)
  const rank = singular.length
  const used = new Uint8Array(matrix.columns)
  for (const id of matrix.indices) used[id] = 1
  const count = Math.max(
    1,
    used.reduce((sum, flag) => sum + flag, 0)
  )
  const mean = new Float64Array(rank)
  right.forEach((value, k) => {
    mean[k % rank]! += value / count
  })
  const result = new Float32Array(matrix.columns * size)
  for (let id = 0; id < matrix.columns; id++) {
    const row = result.subarray(id * size, (id + 1) * size)
    for (let j = 0; j < size; j++) {
      const known = used[id] && j < rank && singular[j]! > 1e-6 * singular[0]!
      row[j] = known
        ? (right[id * rank + j]! - mean[j]!) * singular[j]! ** SINGULAR_POWER
        : used[id]
          ? 0
          : random.normal()
    }
    toUnitVariance(row)
  }
  return result
}

/** TF-IDF of every text, rows of length 1: `[2 x pairs, vocabulary]`; term frequency is 1 + log(count). */
function termWeights(encoded: Encodings, vocab: Vocab): SparseMatrix {
  const isWord = wordTokens(vocab)
  const idf = inverseFrequencies(encoded, vocab.tokens.length)
  const pairs = encoded.firstLengths.length
  const starts = new Int32Array(pairs * 2 + 1)
  const indices = new Int32Array(encoded.tokenIds.length)
  const values = new Float32Array(encoded.tokenIds.length)
  let end = 0
  for (let i = 0; i < pairs; i++) {
    textsOf(encoded, i).forEach((text, side) => {
      const counts = new Map<number, number>()
      for (const id of text) if (isWord[id]) counts.set(id, (counts.get(id) ?? 0) + 1)
      const weights = [...counts].map(([id, count]) => [id, (1 + Math.log(count)) * idf[id]!] as const)
      const norm = Math.sqrt(weights.reduce((sum, [, weight]) => sum + weight * weight, 0))
      for (const [id, weight] of weights) {
        indices[end] = id
        values[end++] = weight / norm
      }
      starts[i * 2 + side + 1] = end
    })
  }
  return {
    rows: pairs * 2,
    columns: vocab.tokens.length,
    starts,
    indices: indices.slice(0, end),
    values: values.slice(0, end)
  }
}

/** A row of zeros stays. */
function toUnitVariance(row: Float32Array): void {
  let sum = 0
  for (const value of row) sum += value * value
  if (sum === 0) return
  const scale = Math.sqrt(row.length / sum)
  for (let j = 0; j < row.length; j++) row[j]! *= scale
}
