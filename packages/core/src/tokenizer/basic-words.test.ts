import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { basicWords } from './basic-words'
import { createTokenizer } from './tokenizer'

type Run = [first: number, last: number, kind: 'letter' | 'space' | 'single' | 'dropped']

const read = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
const fixture = JSON.parse(read('bert-tokens.json')) as { texts: { text: string; ids: number[] }[]; classes: Run[] }
const tokenizer = createTokenizer(read('vocab.txt'))

function words(text: string): string[] {
  const all: string[] = []
  basicWords(text, (word) => void all.push(word))
  return all
}

/** U+1171E, an Ahom vowel, is a mark of another category since Unicode 16: it depends on the runtime. */
const MOVED = 0x1171e

/** What becomes of a code point between two letters. */
function kindOf(code: number): Run[2] {
  const found = words(`a${String.fromCodePoint(code)}b`)
  if (found.length === 3) return 'single'
  if (found.length === 2) return 'space'
  return found[0] === 'ab' ? 'dropped' : 'letter'
}

describe("without a dictionary, equal to Hugging Face's BertTokenizer", () => {
  it(`reads each of ${fixture.texts.length} texts, hostile ones included`, () => {
    expect(fixture.texts.length).toBeGreaterThan(100)
    for (const { text, ids } of fixture.texts)
      expect([...tokenizer.encode(text, undefined, 10_000).tokenIds], text).toEqual(ids)
  })

  it('classes every code point on which its two implementations agree as they do', () => {
    const wrong: string[] = []
    let count = 0
    for (const [first, last, kind] of fixture.classes) {
      for (let code = first; code <= last; code++, count++) {
        const found = kindOf(code)
        if (found !== kind && code !== MOVED) wrong.push(`U+${code.toString(16)} is ${found}, not ${kind}`)
      }
    }
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(280_000)
  }, 60_000) // every code point: seconds on a busy machine

  it('lists words without white space, which WordPiece then cuts', () => {
    expect(tokenizer.words(' 你好,  Wörld!\n')).toEqual(['你', '好', ',', 'world', '!'])
  })

  it('stops when asked to, and returns the same encoding whether it stops early or reads all', () => {
    let count = 0
    basicWords('一二三四', () => ++count === 2)
    expect(count).toBe(2)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 2, max: 30 }), (text, maxLength) => {
        const early = tokenizer.encode(text, undefined, maxLength)
        const all = tokenizer.encode(text, undefined, 10_000)
        expect([...early.tokenIds.slice(0, -1)]).toEqual([...all.tokenIds.slice(0, early.tokenIds.length - 1)])
      })
    )
  })
})
