import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compileDictionary } from './dictionary'
import { createSegmenter } from './jieba'
import { openDictionary } from './trie'

const segmenter = (dictionary: string) => {
  const segment = createSegmenter(openDictionary(compileDictionary(dictionary)))
  return (text: string) => {
    const words: string[] = []
    segment(text, (word) => void words.push(word))
    return words
  }
}
const cut = segmenter('中国 50 ns\n中 9 f\n国 9 n\n人 30 n\n人民 40 n\n中国人民银行 2 nt\nc++ 3 nz\n1号店 3 n\n')

it('takes the most probable route and passes through prefixes that are not words', () => {
  expect(cut('中国人民')).toEqual(['中国', '人民'])
  expect(cut('中国人民银行')).toEqual(['中国人民银行']) // 中国人民银 is in no line
  expect(cut('国人中民')).toEqual(['国', '人', '中', '民'])
})

it('gives a tie to the longer word', () => {
  const tied = segmenter('甲 2 n\n甲甲 1 n\n丙 1 n\n') // log 1/4 = log 1/2 + log 1/2, also in doubles
  expect(tied('甲甲')).toEqual(['甲甲'])
  expect(tied('甲甲甲')).toEqual(['甲甲', '甲'])
})

it('glues neighboring single letters and digits, and only those', () => {
  expect(cut('b2b中3d')).toEqual(['b2b', '中', '3d'])
  expect(cut('c++a+b')).toEqual(['c++', 'a', '+', 'b'])
  expect(cut('3.14-x_y%')).toEqual(['3', '.', '14', '-', 'x', '_', 'y', '%'])
  expect(cut('11号店')).toEqual(['1', '1号店'])
})

it('reports what is outside its blocks one code point at a time, and "\\r\\n" as one', () => {
  expect(cut('\r\n\n\r \u3000，。😀𠀀Ａ')).toEqual(['\r\n', '\n', '\r', ' ', '\u3000', '，', '。', '😀', '𠀀', 'Ａ'])
  expect(cut('\ud83d中\ude00')).toEqual(['\ud83d', '中', '\ude00'])
})

it('cuts any text into words that join to it', () => {
  const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
  const unit = fc.oneof(anyUnit, fc.constantFrom(...'中国人民银行c+1号店a9\r\n'))
  fc.assert(
    fc.property(
      fc.array(unit).map((units) => units.join('')),
      (text) => cut(text).join('') === text
    )
  )
})

it('handles a block far longer than its shared work arrays', () => {
  const words = cut('中国人民'.repeat(5_000))
  expect(words.length).toBe(10_000)
  expect(new Set(words)).toEqual(new Set(['中国', '人民']))
})

it('stops when asked to', () => {
  const seen: string[] = []
  createSegmenter(openDictionary(compileDictionary('中国 3 n')))('中国，中国a中国', (word) => seen.push(word) === 3)
  expect(seen).toEqual(['中国', '，', '中国'])
})
