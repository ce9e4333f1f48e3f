import { decomposeWithoutMarks } from './marks'

/** Texts that need only lower-casing: ASCII, ideographs, Chinese punctuation. NFD changes none of them, and none is a mark. */
const PLAIN = /^[\0-\x7f\u2010-\u2027\u3000-\u3029\u4e00-\u9fff\uff00-\uffef]*$/
const PUNCTUATION = /\p{P}/u
const CONTROL = /[\p{Cc}\p{Cf}]/u
const SPACE_SEPARATOR = /\p{Zs}/u

/** White space as in Python's `str.split()` and `\s`. JavaScript's `\s` lacks U+001C..1F and U+0085 but includes U+FEFF. */
export const PYTHON_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** How the basic tokenizer treats a character: as a token (punctuation, ideographs), as a gap, dropped, or as part of a word. */
export type CharacterClass = 'single' | 'space' | 'dropped' | 'letter'

/**
 * Lower-cases, decomposes (NFD) and drops the marks of category Mn, as bert4keras does before jieba. Full-width forms stay (NFD, not NFKC),
 * Hangul becomes jamo, a voiced kana loses its mark. Never throws; lone surrogates are kept.
 */
export function normalize(text: string): string {
  const lower = text.toLowerCase()
  return PLAIN.test(lower) ? lower : decomposeWithoutMarks(lower)
}

/** Whether a code point is in the CJK ranges of BERT's tokenizer, which are wider than jieba's Han (U+4E00..9FD5). */
export function isCjk(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0x20000 && codePoint <= 0x2a6df) ||
    (codePoint >= 0x2a700 && codePoint <= 0x2b73f) ||
    (codePoint >= 0x2b740 && codePoint <= 0x2b81f) ||
    (codePoint >= 0x2b820 && codePoint <= 0x2ceaf) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0x2f800 && codePoint <= 0x2fa1f)
  )
}

/** Whether a character is punctuation for BERT: every ASCII symbol (also `$`, `+`, `~`), else Unicode category P. */
export function isPunctuation(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) {
    return (
      (code >= 33 && code <= 47) ||
      (code >= 58 && code <= 64) ||
      (code >= 91 && code <= 96) ||
      (code >= 123 && code <= 126)
    )
  }
  return PUNCTUATION.test(character)
}

/** The class of a character (a code point) in BERT's basic tokenizer. */
export function characterClass(character: string): CharacterClass {
  const code = character.codePointAt(0) ?? 0
  if (isCjk(code) || isPunctuation(character)) return 'single'
  // U+2028 and U+2029 are not in Zs, so BERT keeps them; Python's split() cuts there afterwards
  if (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029)
    return 'space'
  if (code < 0x80) return code < 0x20 || code === 0x7f ? 'dropped' : 'letter'
  if (SPACE_SEPARATOR.test(character)) return 'space'
  return code === 0xfffd || CONTROL.test(character) ? 'dropped' : 'letter'
}
