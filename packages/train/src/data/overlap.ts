import type { Vocab } from '@sohu-match/core'
import type { PaddedBatch } from './batch'
import type { EncodedPairs, Encodings } from './encode'

/** Targets of the token-match auxiliary, each `[batch, seq]`, row-major. */
export interface MatchTargets {
  /** 1 if the token occurs in the other text of its pair. */
  readonly targets: Float32Array
  /** 1 for tokens that count: not padding, [UNK] (it hides the word) or another special token; 0 in single texts. */
  readonly mask: Float32Array
}

/**
 * Features that the lexical auxiliary predicts for a pair: idf-weighted share of `a`'s words in `b` and of `b`'s in
 * `a`, Jaccard, containment of character bigrams.
 */
export const LEXICAL_FIGURES = 4

/** The index of each feature after the texts are swapped. */
export const EXCHANGED_FIGURES: readonly number[] = [1, 0, 2, 3]

/** 1 for words and characters of texts, by token id; 0 for [PAD], [UNK], [CLS], [SEP], [MASK] and `[unused…]`. */
export function wordTokens(vocab: Vocab): Uint8Array {
  return Uint8Array.from(vocab.tokens, (token) => (/^\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]$/.test(token) ? 0 : 1))
}

/** `isWord` from `wordTokens`. */
export function matchTargets(
  batch: Pick<PaddedBatch, 'tokenIds' | 'segmentIds' | 'batch' | 'seq'>,
  isWord: Uint8Array
): MatchTargets {
  const { tokenIds, segmentIds, seq } = batch
  const targets = new Float32Array(tokenIds.length)
  const mask = new Float32Array(tokenIds.length)
  const seen = [new Int32Array(isWord.length), new Int32Array(isWord.length)] as const // row + 1 where this row's text has the token
  for (let row = 0; row < batch.batch; row++) {
    for (let i = row * seq; i < (row + 1) * seq; i++)
      if (isWord[tokenIds[i]!]) seen[segmentIds[i] as 0 | 1][tokenIds[i]!] = row + 1
    if (!segmentIds.subarray(row * seq, (row + 1) * seq).includes(1)) continue
    for (let i = row * seq; i < (row + 1) * seq; i++) {
      if (!isWord[tokenIds[i]!]) continue
      mask[i] = 1
      if (seen[(1 - segmentIds[i]!) as 0 | 1][tokenIds[i]!] === row + 1) targets[i] = 1
    }
  }
  return { targets, mask }
}

/** By token id, smoothed: log((1 + texts) / (1 + texts with it)) + 1; a pair counts as two texts. */
export function inverseFrequencies(encoded: Encodings, vocabSize: number): Float32Array {
  const counts = new Int32Array(vocabSize)
  let texts = 0
  for (let i = 0; i < encoded.firstLengths.length; i++) {
    texts += isAlone(encoded, i) ? 1 : 2
    for (const text of textsOf(encoded, i)) for (const id of new Set(text)) counts[id]!++
  }
  return Float32Array.from(counts, (count) => Math.log((1 + texts) / (1 + count)) + 1)
}

/** The four lexical features, `[pairs, 4]` row-major, each in [0, 1]. `idf` from the training texts. */
export function lexicalFigures(encoded: EncodedPairs, vocab: Vocab, idf: Float32Array): Float32Array {
  const isWord = wordTokens(vocab)
  const characters = vocab.tokens.map((token, id) =>
    isWord[id] ? Array.from(token.replace(/^##/, ''), (char) => char.codePointAt(0)!) : [-1]
  )
  const figures = new Float32Array(encoded.firstLengths.length * LEXICAL_FIGURES)
  for (let i = 0; i < encoded.firstLengths.length; i++) {
    const [a, b] = textsOf(encoded, i)
    const [wordsA, wordsB] = [a, b].map((text) => new Set(text.filter((id) => isWord[id]))) as [
      Set<number>,
      Set<number>
    ]
    const [gramsA, gramsB] = [a, b].map((text) => characterBigrams(text, characters)) as [Set<number>, Set<number>]
    const common = commonCount(wordsA, wordsB)
    figures.set(
      [
        weightedShare(wordsA, wordsB, idf),
        weightedShare(wordsB, wordsA, idf),
        ratio(common, wordsA.size + wordsB.size - common),
        ratio(commonCount(gramsA, gramsB), Math.min(gramsA.size, gramsB.size))
      ],
      i * LEXICAL_FIGURES
    )
  }
  return figures
}

/** Mean and standard deviation of each column of `[rows, columns]`; a constant column has deviation 1. */
export function columnMoments(
  values: Float32Array,
  columns: number
): { readonly mean: Float64Array; readonly deviation: Float64Array } {
  const rows = values.length / columns
  const mean = new Float64Array(columns)
  const deviation = new Float64Array(columns)
  values.forEach((value, i) => {
    mean[i % columns]! += value / rows
  })
  values.forEach((value, i) => {
    deviation[i % columns]! += (value - mean[i % columns]!) ** 2 / rows
  })
  return { mean, deviation: deviation.map((variance) => Math.sqrt(variance) || 1) }
}

/** Whether the text at `i` stands without another. */
export function isAlone({ offsets, firstLengths }: Encodings, i: number): boolean {
  return offsets[i]! + firstLengths[i]! === offsets[i + 1]!
}

/** Without the [CLS] and [SEP] around them; `b` of a single text is empty. */
export function textsOf(
  { tokenIds, offsets, firstLengths }: Encodings,
  i: number
): readonly [a: Int32Array, b: Int32Array] {
  const middle = offsets[i]! + firstLengths[i]!
  return [tokenIds.subarray(offsets[i]! + 1, middle - 1), tokenIds.subarray(middle, offsets[i + 1]! - 1)]
}

function weightedShare(words: ReadonlySet<number>, others: ReadonlySet<number>, idf: Float32Array): number {
  let found = 0
  let all = 0
  for (const id of words) {
    all += idf[id]!
    if (others.has(id)) found += idf[id]!
  }
  return ratio(found, all)
}

/** Pairs of adjacent characters as numbers; special tokens (-1) separate them. */
function characterBigrams(text: Int32Array, characters: readonly (readonly number[])[]): Set<number> {
  const grams = new Set<number>()
  let last = -1
  for (const id of text) {
    for (const char of characters[id]!) {
      if (last >= 0 && char >= 0) grams.add(last * 0x200000 + char) // code points have 21 bits
      last = char
    }
  }
  return grams
}

function commonCount(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  let count = 0
  for (const value of one) if (other.has(value)) count++
  return count
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
