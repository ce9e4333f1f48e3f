import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildVocab, countWords, SPECIAL_TOKENS } from './build-vocab'
import { compileDictionary } from './dictionary'
import { createSegmenter } from './jieba'
import { createTokenizer } from './tokenizer'
import { openDictionary } from './trie'

const dictionary = compileDictionary('中国 50 ns\n人民 40 n\n银行 30 n\n')
const segment = createSegmenter(openDictionary(dictionary))
const texts = ['中国人民', '中国银行 ATM', '人民，中国\u3000abc abc']

describe('buildVocab', () => {
  it('lists special tokens, characters, then words, by count and then by code unit', () => {
    const tokens = buildVocab(countWords(texts, segment), { size: 100 })
    expect(tokens.slice(0, 5)).toEqual([...SPECIAL_TOKENS])
    expect(tokens.slice(5, 8)).toEqual(['a', '中', '国']) // 3 each
    expect(tokens.slice(-5)).toEqual(['中国', 'abc', '人民', 'atm', '银行']) // 3, 2, 2, 1, 1
    expect(tokens).toContain('##m')
  })

  it('leaves no training text with an unknown token', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 5 }), (seen) => {
        const tokenizer = createTokenizer(
          buildVocab(countWords(seen, segment), { size: 10_000 }).join('\n'),
          dictionary
        )
        for (const text of seen) expect(tokenizer.ids(text)).not.toContain(tokenizer.vocab.unknownId)
      })
    )
  }, 60_000) // a tokenizer for each run: seconds on a busy machine

  it('makes a vocabulary that parses, whatever the texts contain', () => {
    const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 5 }), (seen) => {
        const tokens = buildVocab(countWords(seen, segment), { size: 50 })
        expect(createTokenizer(tokens.join('\n') + '\n', dictionary).vocab.tokens).toEqual(tokens)
      })
    )
  })

  it('keeps within its size, rarest last, and is the same for texts in another order', () => {
    const counts = countWords(texts, segment)
    expect(buildVocab(counts, { size: 8 })).toEqual(buildVocab(counts, { size: 100 }).slice(0, 8))
    expect(buildVocab(countWords([...texts].reverse(), segment), { size: 100 })).toEqual(
      buildVocab(counts, { size: 100 })
    )
  })
})
