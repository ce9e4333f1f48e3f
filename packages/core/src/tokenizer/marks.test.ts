import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decomposeWithoutMarks } from './marks'

/** The definition: quadratic in a run of marks, so only for short ones. */
const reference = (text: string): string => text.normalize('NFD').replace(/\p{Mn}+/gu, '')

/** Every code point of category M: Mn, Mc and Me, starters and not, decomposable and not. */
const MARKS: string[] = []
for (let code = 0; code <= 0x10ffff; code++) {
  const character = code >= 0xd800 && code < 0xe000 ? '' : String.fromCodePoint(code)
  if (/^\p{M}$/u.test(character)) MARKS.push(character)
}
const SPACING = MARKS.filter((mark) => /^\p{Mc}$/u.test(mark))
/** Marks of category Mc that NFD moves, marks of category Mn that stop it (class 0), and composed ones. */
const TRICKY = [
  ...'\u302e\u302f\u1b44\ua953\u{1d165}\u{1d16d}\u{16ff0}',
  ...'\u034f\u0591\u0344\u0f73\u0f81\u0301\u0316\u0345'
]
/** Bases whose decomposition ends in marks, one of them of category Mc. */
const BASES = ['a', '\u1e09', '\u{1d15e}', '\uac01', '\u0958', '中', '\u{1d163}', ' ', '\ud800']

const mark = fc.oneof(fc.constantFrom(...MARKS), fc.constantFrom(...SPACING), fc.constantFrom(...TRICKY))
const run = fc.array(mark, { minLength: 60, maxLength: 160 }).map((marks) => marks.join(''))
const short = fc.array(fc.oneof(mark, fc.constantFrom(...BASES)), { maxLength: 20 }).map((parts) => parts.join(''))

describe('decomposeWithoutMarks', () => {
  it('is NFD without the marks of category Mn, for runs of any marks after any base', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...BASES), fc.oneof(run, short)), { maxLength: 4 }), (parts) => {
        const text = parts.flat().join('')
        expect(decomposeWithoutMarks(text)).toBe(reference(text))
      }),
      { numRuns: 400 }
    )
  })

  it('is so for each mark, alone and in a run with marks of every class', () => {
    const all = MARKS.join('')
    const wrong = MARKS.filter((one) => {
      const text = `x${one.repeat(70)}${one}\u{1d165}\u302e\u1b44${one}`
      return decomposeWithoutMarks(text) !== reference(text)
    })
    expect(wrong).toEqual([])
    expect(decomposeWithoutMarks(all)).toBe(reference(all))
    expect(MARKS.length).toBeGreaterThan(2_000)
  })

  it('keeps the order of Mc marks of different classes, which NFD sorts', () => {
    const text = `x${'\u302e\u{1d165}\u1b44'.repeat(30)}`
    expect(decomposeWithoutMarks(text)).toBe(`x${'\u1b44'.repeat(30)}${'\u{1d165}'.repeat(30)}${'\u302e'.repeat(30)}`)
  })

  it('leaves texts without long runs to the engine', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decomposeWithoutMarks(text) === reference(text)))
  })
})
