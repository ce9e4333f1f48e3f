import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { jiebaDictionaryText } from '../../tools/jieba-dictionary'
import { compileDictionary } from './dictionary'
import { encodePair } from './encode-pair'
import { normalize } from './normalize'
import { createTokenizer, type Tokenizer } from './tokenizer'

interface Framed {
  ids: number[]
  segments: number[]
}
interface Fixture {
  single: {
    text: string
    normalized: string | null
    words: string[]
    tokens: string[]
    ids: number[]
    ids64: number[]
  }[]
  pair: { source: string; target: string; m8: Framed; m64: Framed; m512: Framed }[]
}

const path = (relative: string) => new URL(relative, import.meta.url)
const read = (relative: string) => readFileSync(path(relative), 'utf8')
const dictionary = compileDictionary(jiebaDictionaryText())
const shared = '../../../../../shared/'
const own = createTokenizer(read('../../fixtures/vocab.txt'), dictionary)

function agrees(tokenizer: Tokenizer, fixture: Fixture): void {
  const framed = (a: string, b: string | undefined, maxLength: number) => {
    const { tokenIds, segmentIds } = tokenizer.encode(a, b, maxLength)
    return { ids: [...tokenIds], segments: [...segmentIds] }
  }
  it(`reads each of ${fixture.single.length} texts`, () => {
    for (const { text, normalized, words, tokens, ids, ids64 } of fixture.single) {
      expect(normalize(text), text).toBe(normalized ?? text)
      expect(tokenizer.words(text), text).toEqual(words)
      expect(['[CLS]', ...tokenizer.tokenize(text), '[SEP]'], text).toEqual(tokens)
      expect([...tokenizer.ids(text)], text).toEqual(ids.slice(1, -1))
      expect(framed(text, undefined, 64).ids, text).toEqual(ids64)
    }
  })
  it(`frames each of ${fixture.pair.length} pairs at three maximum lengths`, () => {
    for (const { source, target, m8, m64, m512 } of fixture.pair) {
      expect(framed(source, target, 8), source).toEqual(m8)
      expect(framed(source, target, 64), source).toEqual(m64)
      expect(framed(source, target, 512), source).toEqual(m512)
    }
  })
}

describe('on our own sentences, equal to bert4keras and jieba', () => {
  agrees(own, JSON.parse(read('../../fixtures/tokenizer.json')) as Fixture)
})

const hasShared = existsSync(path(`${shared}fixtures/tokenizer.json`))
describe.skipIf(!hasShared)('with the vocabulary of WoBERT on real news, equal to bert4keras and jieba', () => {
  if (!hasShared) return // the body runs even when its tests are skipped
  const wobert = createTokenizer(read(`${shared}data/wobert-vocab.txt`), dictionary)
  agrees(wobert, JSON.parse(read(`${shared}fixtures/tokenizer.json`)) as Fixture)
})

describe('createTokenizer', () => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.constantFrom(0x4e2d, 0x56fd, 0x61, 0x20, 0xd83d, 0xde00, 0x301)
  )
  const anyText = fc.array(unit, { maxLength: 300 }).map((units) => String.fromCharCode(...units))

  it('accepts any text, including lone surrogates', () => {
    fc.assert(
      fc.property(
        anyText,
        anyText,
        fc.constantFrom('longest-first' as const, 'head-tail' as const),
        (a, b, truncation) => {
          const { tokenIds } =
            truncation === 'longest-first'
              ? own.encode(a, b, 40)
              : encodePair(own.ids(a), own.ids(b), own.vocab, 40, truncation)
          expect(tokenIds.length).toBeLessThanOrEqual(40)
          expect(tokenIds.every((id) => id > 0 && id < own.vocab.tokens.length)).toBe(true)
          expect(own.words(a).join('')).toBe(normalize(a))
        }
      )
    )
  })

  it('returns the same encoding whether it stops early or reads all', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.integer({ min: 3, max: 30 }), (a, b, maxLength) => {
        const early = own.encode(a, b, maxLength)
        const all = own.encode(a, b, 10_000)
        expect(early.truncated).toBe(all.tokenIds.length > maxLength)
        if (!early.truncated) expect(early).toEqual(all)
      })
    )
  })

  it("cuts by a dictionary of one's own", () => {
    const tokenizer = createTokenizer(
      ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '中国', '人民'].join('\n'),
      compileDictionary('中国 5 ns\n人民 9 n\n')
    )
    expect(tokenizer.tokenize('中国人民x')).toEqual(['中国', '人民', 'x'])
    expect([...tokenizer.ids('中国人民x')]).toEqual([4, 5, 1])
  })

  it('keeps head and tail of a long text when asked', () => {
    const text = Array.from('今天早上小区门口新开了一家面馆').join(' ')
    const ids = [...own.ids(text)]
    const kept = [...encodePair(ids, undefined, own.vocab, 10, 'head-tail').tokenIds]
    expect(kept).toEqual([own.vocab.startId, ...ids.slice(0, 6), ...ids.slice(-2), own.vocab.separatorId])
  })

  it('reports a damaged dictionary or vocabulary as asset-corrupt', () => {
    const corrupt = expect.objectContaining({ code: 'asset-corrupt' })
    expect(() => createTokenizer('[PAD]\n', dictionary)).toThrow(corrupt)
    expect(() => createTokenizer(read('../../fixtures/vocab.txt'), dictionary.slice(0, 1_000_000))).toThrow(corrupt)
  })
})
