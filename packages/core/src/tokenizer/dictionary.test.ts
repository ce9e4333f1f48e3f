import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jiebaDictionaryText } from '../../tools/jieba-dictionary'
import { MatcherError } from '../errors'
import { compileDictionary, dictionaryWords, encodeDictionary, parseDictionaryText } from './dictionary'
import { openDictionary } from './trie'

const word = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 6 })
  .map((units) => String.fromCharCode(...units))
const entries = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 0x7fffffff })), { minLength: 1, maxLength: 40 })
const sum = (words: ReadonlyMap<string, number>) => [...words.values()].reduce((total, count) => total + count, 0)

/** Whether opening works or fails in the one allowed way. */
function opens(source: Uint8Array): boolean {
  try {
    openDictionary(source)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(MatcherError)
    expect((error as MatcherError).code).toBe('asset-corrupt')
    return false
  }
}

const words = new Map([
  ['中国', 300],
  ['中', 5],
  ['人民', 70_000],
  ['c++', 3]
])
const bytes = encodeDictionary({ words, total: sum(words) })

describe('dictionary.bin', () => {
  it('returns any words and counts', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const words = new Map(list)
        const total = sum(words) + 3 // stored as given
        expect(dictionaryWords(openDictionary(encodeDictionary({ words, total })))).toEqual({ words, total })
      })
    )
  })

  it('is the same whatever the order of the words', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const words = new Map(list)
        const reversed = new Map([...words].reverse())
        expect(encodeDictionary({ words, total: 9 })).toEqual(encodeDictionary({ words: reversed, total: 9 }))
      })
    )
  })

  it("holds the whole of jieba's dictionary", () => {
    const source = parseDictionaryText(jiebaDictionaryText())
    const read = dictionaryWords(openDictionary(encodeDictionary(source)))
    expect(source.words.size).toBe(349_045)
    expect(read.total).toBe(60_101_967) // Python's jieba.dt.total
    expect(read.words.size).toBe(source.words.size)
    expect([...source.words].filter(([text, count]) => read.words.get(text) !== count)).toEqual([])
  }, 60_000) // 349,045 words: seconds on a busy machine

  it('reports any changed, missing or added byte as asset-corrupt', () => {
    expect(opens(bytes)).toBe(true)
    for (let length = 0; length < bytes.length; length++) expect(opens(bytes.slice(0, length))).toBe(false)
    expect(opens(new Uint8Array([...bytes, 0]))).toBe(false)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const damaged = bytes.slice()
        damaged[at]! ^= mask
        expect(opens(damaged)).toBe(false)
      })
    )
  })

  it('survives bytes forged to pass the checksum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 8, max: bytes.length - 1 }), fc.nat(255)), { minLength: 1 }),
        (edits) => {
          const forged = bytes.slice()
          for (const [at, value] of edits) forged[at] = value
          let hash = 0x811c9dc5
          for (const byte of forged.subarray(8)) hash = Math.imul(hash ^ byte, 0x01000193)
          new DataView(forged.buffer).setUint32(4, hash >>> 0, true)
          if (opens(forged)) dictionaryWords(openDictionary(forged)) // ends, whatever it holds
        }
      )
    )
  })

  it('never crashes on bytes that are something else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !opens(bytes)))
  })

  it('reads bytes that lie inside a larger buffer', () => {
    const bytes = encodeDictionary({ words: new Map([['中国', 3]]), total: 3 })
    const larger = new Uint8Array(bytes.length + 7)
    larger.set(bytes, 5)
    expect(dictionaryWords(openDictionary(larger.subarray(5, 5 + bytes.length))).words.get('中国')).toBe(3)
  })
})

describe('the text of dict.txt', () => {
  it('may end lines with CRLF, repeat words and hold blank lines', () => {
    expect(parseDictionaryText('中国 3 ns\r\n\n人民 5\n中国 4 ns\n')).toEqual({
      words: new Map([
        ['中国', 4],
        ['人民', 5]
      ]),
      total: 12
    })
  })

  const bad = ['中国\n', '中国 many n\n', '中国 -3 n\n', '中国 3.5 n\n', '中国 99999999999 n\n', '中国 4294967296\n']
  it.each(bad)('rejects the line %j with its number', (line) => {
    const expected = expect.objectContaining({ code: 'asset-corrupt', message: expect.stringContaining('Line 2') })
    expect(() => parseDictionaryText(`人民 5 n\n${line}`)).toThrow(expected)
  })

  it('rejects a text without words', () => {
    const corrupt = expect.objectContaining({ code: 'asset-corrupt' })
    expect(() => compileDictionary('')).toThrow(corrupt)
    expect(() => compileDictionary('中 0 n\n')).toThrow(corrupt)
  })
})
