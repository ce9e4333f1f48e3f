import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { characterClass, normalize } from './normalize'

/** Any UTF-16, half surrogate pairs included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
/** Code points that meet often in Chinese text, where the short cut for plain text applies or nearly so. */
const nearPlain = fc.array(fc.integer({ min: 0x2000, max: 0x3100 })).map((codes) => String.fromCharCode(...codes))

describe('normalize', () => {
  it('lower-cases and strips marks as Python does, without folding full-width forms', () => {
    expect(normalize('Café İ ΟΔΟΣ ẞ ＡＢＣ１２３')).toBe('cafe i οδος ß ａｂｃ１２３')
    expect(normalize('が한\uf900')).toBe('か\u1112\u1161\u11ab\u8c48')
  })

  it('takes no short cut that changes a text', () => {
    const slowly = (text: string) =>
      text
        .toLowerCase()
        .normalize('NFD')
        .replace(/\p{Mn}/gu, '')
    fc.assert(fc.property(fc.oneof(anyText, nearPlain), (text) => normalize(text) === slowly(text)))
  })

  it('returns a normalized character unchanged, so that jieba words need no second pass', () => {
    const changed: string[] = []
    for (let code = 0; code <= 0x10ffff; code++) {
      const once = normalize(String.fromCodePoint(code))
      if (normalize(once) !== once) changed.push(code.toString(16))
    }
    expect(changed).toEqual([])
  }, 60_000) // every code point: seconds on a busy machine
})

describe('characterClass', () => {
  it.each([
    ['single', '中$~。龥鿿𠀀\uf900·_'],
    ['space', ' \t\n\r\u00a0\u3000\u1680\u2028\u2029'],
    ['dropped', '\0\u0007\u000b\u001c\u0085\u200b\u200d\ufeff\ufffd\u00ad'],
    ['letter', 'aé1ａ々⼀😀\ue000']
  ])('counts as %s what BERT does', (kind, characters) => {
    expect(Array.from(characters, characterClass)).toEqual(Array.from(characters, () => kind))
  })
})
