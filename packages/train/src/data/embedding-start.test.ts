import { compileDictionary, createTokenizer, type Example } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { demoPairs } from './demo-corpus'
import { embeddingStart } from './embedding-start'
import { encodeExamples } from './encode'
import { inverseFrequencies, wordTokens } from './overlap'

const words = ['地铁', '列车', '车站', '足球', '球队', '联赛', '甲乙', '甲丙', '未见']
const examples: Example[] = [0, 2, 4].flatMap((variant) =>
  demoPairs(variant, 'train', 400).map(({ source, target }) => ({ a: source, b: target, task: variant }))
)
const characters = [...new Set(examples.flatMap(({ a, b }) => [...a, ...b!]))].sort()
const tokenizer = createTokenizer(
  ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...words, ...characters].join('\n'),
  compileDictionary(words.map((word) => `${word} 900 n`).join('\n'))
)
const size = 64
const encoded = await encodeExamples(examples, tokenizer, { maxLength: 128 })
const start = embeddingStart(encoded, tokenizer.vocab, size, { seed: 1 })

function cosine(one: string, other: string, from: number, to: number): number {
  const [a, b] = [one, other].map((word) => {
    const id = tokenizer.vocab.ids.get(word)!
    return start.subarray(id * size + from, id * size + to)
  }) as [Float32Array, Float32Array]
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe('embeddingStart', () => {
  it('has rows of mean square 1 in both halves', () => {
    for (let row = 0; row < tokenizer.vocab.tokens.length; row++) {
      for (const half of [0, 1]) {
        const part = start.subarray(row * size + (half * size) / 2, row * size + ((half + 1) * size) / 2)
        expect(part.reduce((sum, value) => sum + value * value, 0) / part.length).toBeCloseTo(1, 4) // float32 sums of 32 squares
      }
    }
  })

  it('starts words with a common character alike, and words of one topic alike', () => {
    expect(cosine('甲乙', '甲丙', 0, 32)).toBeGreaterThan(0.1) // one of three parts in common: 1/3 on average, spread 1/sqrt(32)
    expect(Math.abs(cosine('地铁', '足球', 0, 32))).toBeLessThan(0.5) // nothing in common: within three spreads of 0
    const within =
      (cosine('地铁', '车站', 32, 64) + cosine('足球', '联赛', 32, 64) + cosine('球队', '足球', 32, 64)) / 3
    const between =
      (cosine('地铁', '足球', 32, 64) + cosine('车站', '联赛', 32, 64) + cosine('列车', '球队', 32, 64)) / 3
    expect(within).toBeGreaterThan(between + 0.3)
  })

  it('tells in the first dimension, where it is asked to, how rare a word is, and changes no other', () => {
    const told = embeddingStart(encoded, tokenizer.vocab, size, { seed: 1, idfGain: 2 })
    const idf = inverseFrequencies(encoded, tokenizer.vocab.tokens.length)
    const isWord = wordTokens(tokenizer.vocab)
    const ids = [...idf.keys()].filter((id) => isWord[id])
    const first = (id: number): number => told[id * size]!
    expect([...idf.keys()].filter((id) => !isWord[id]).map(first)).toEqual([0, 0, 0, 0])
    const sorted = ids.sort((one, other) => idf[one]! - idf[other]!)
    sorted.slice(1).forEach((id, i) => expect(first(id)).toBeGreaterThanOrEqual(first(sorted[i]!)))
    const texts = ids.map((id) => Math.exp(-idf[id]!))
    const total = texts.reduce((sum, weight) => sum + weight, 0)
    expect(ids.reduce((sum, id, i) => sum + (texts[i]! / total) * first(id), 0)).toBeCloseTo(0, 5) // float32
    expect(ids.reduce((sum, id, i) => sum + (texts[i]! / total) * first(id) ** 2, 0)).toBeCloseTo(4, 5)
    expect(told.filter((_, i) => i % size > 0)).toEqual(start.filter((_, i) => i % size > 0))
  })

  it('gives the same bytes for the same seed and others for another', () => {
    expect(embeddingStart(encoded, tokenizer.vocab, size, { seed: 1 })).toEqual(start)
    expect(embeddingStart(encoded, tokenizer.vocab, size, { seed: 2 })).not.toEqual(start)
  })
})
