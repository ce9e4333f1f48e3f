import { compileDictionary, createTokenizer, type Example } from '@sohu-match/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatherBatch } from './batch'
import { encodeExamples } from './encode'
import {
  columnMoments,
  EXCHANGED_FIGURES,
  inverseFrequencies,
  lexicalFigures,
  matchTargets,
  textsOf,
  wordTokens
} from './overlap'

const tokenizer = createTokenizer(
  ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '[unused1]', '##乙', '甲乙', ...'甲乙丙丁'].join('\n'),
  compileDictionary('甲乙 3 n\n')
)
const pair = (a: string, b: string): Example => ({ a, b, task: 0, label: 1 })
const encode = (...pairs: Example[]) => encodeExamples(pairs, tokenizer, { maxLength: 64 })

describe('matchTargets', () => {
  it('says of each word whether the other text has it, and leaves out special tokens, [UNK] and padding', async () => {
    const encoded = await encode(pair('甲乙丙', '丙丁戊'), pair('丁', '丁丁丙戊戊'))
    const { targets, mask } = matchTargets(gatherBatch(encoded, Int32Array.of(0, 1)), wordTokens(tokenizer.vocab))
    // [CLS] 甲乙 丙 [SEP] 丙 丁 [UNK] [SEP]   |   [CLS] 丁 [SEP] 丁 丁 丙 [UNK] [UNK] [SEP]
    expect([...mask]).toEqual([0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0])
    expect([...targets]).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0])
  })

  it('agrees with looking every token up', async () => {
    const text = fc.array(fc.constantFrom(...'甲乙丙丁戊'), { maxLength: 8 }).map((chars) => chars.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), async (pairs) => {
        const encoded = await encode(...pairs.map(([a, b]) => pair(a, b)))
        const batch = gatherBatch(
          encoded,
          Int32Array.from(pairs, (_, i) => i)
        )
        const { targets, mask } = matchTargets(batch, wordTokens(tokenizer.vocab))
        pairs.forEach((_, row) => {
          const [a, b] = textsOf(encoded, row)
          for (let i = 0; i < batch.seq; i++) {
            const at = row * batch.seq + i
            const id = batch.tokenIds[at]!
            expect(mask[at]).toBe(id > 5 ? 1 : 0)
            expect(targets[at]).toBe(id > 5 && (batch.segmentIds[at] === 0 ? b : a).includes(id) ? 1 : 0)
          }
        })
      })
    )
  })
})

describe('lexicalFigures', () => {
  it('are the shares of weighted words, the Jaccard of words and the containment of character bigrams', async () => {
    const encoded = await encode(pair('甲乙丙', '乙丙丁丁'), pair('', '丁'), pair('丙', '丙'))
    const idf = Float32Array.from(tokenizer.vocab.tokens, (_, id) => id) // 甲乙 7, 甲 8, 乙 9, 丙 10, 丁 11
    const figures = lexicalFigures(encoded, tokenizer.vocab, idf)
    expect([...figures.subarray(0, 3)]).toEqual([10 / 17, 10 / 30, 1 / 4].map(Math.fround))
    expect(figures[3]).toBe(0.5) // 甲乙, 乙丙 against 乙丙, 丙丁, 丁丁: one of two
    expect([...figures.subarray(4)]).toEqual([0, 0, 0, 0, 1, 1, 1, 0])
  })

  it('change places as stated when the texts do, and so does a padded batch', async () => {
    const [one, other] = [await encode(pair('甲乙丙', '乙丙丁丁')), await encode(pair('乙丙丁丁', '甲乙丙'))]
    const idf = inverseFrequencies(one, tokenizer.vocab.tokens.length)
    const [figures, exchanged] = [one, other].map((encoded) => lexicalFigures(encoded, tokenizer.vocab, idf)) as [
      Float32Array,
      Float32Array
    ]
    expect(EXCHANGED_FIGURES.map((figure) => figures[figure])).toEqual([...exchanged])
    const batch = gatherBatch(one, Int32Array.of(0), { exchanged: () => true })
    expect([...batch.tokenIds]).toEqual([...gatherBatch(other, Int32Array.of(0)).tokenIds])
    expect([...batch.segmentIds]).toEqual([...gatherBatch(other, Int32Array.of(0)).segmentIds])
  })

  it('count a word once a text for its weight', async () => {
    const idf = inverseFrequencies(await encode(pair('丙丙', '丁'), pair('丁', '丁')), tokenizer.vocab.tokens.length)
    expect(idf[tokenizer.vocab.ids.get('丙')!]).toBeCloseTo(Math.log(5 / 2) + 1, 6) // 6: float32
    expect(idf[tokenizer.vocab.ids.get('丁')!]).toBeCloseTo(Math.log(5 / 4) + 1, 6)
  })

  it('have moments, with deviation 1 for a constant column', () => {
    const { mean, deviation } = columnMoments(Float32Array.of(1, 5, 3, 5), 2)
    expect([[...mean], [...deviation]]).toEqual([
      [2, 5],
      [1, 1]
    ])
  })
})
