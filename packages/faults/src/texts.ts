import fc from 'fast-check'
import { SEED } from './plan'

/** Texts that break things: marks, joiners, directions, lone surrogates, names of special tokens and of inherited keys. */
const AWKWARD = [
  '',
  ' ',
  '\t\n\r',
  '\u3000',
  '\0',
  '\0'.repeat(100),
  '\ufeff',
  '\ufffd',
  '\uffff',
  '\u0085',
  '\u2028\u2029',
  '👍🏽',
  '👨‍👩‍👧‍👦',
  '🇨🇳🇨',
  '\ud83d',
  '\udc4d',
  '\udc4d\ud83d',
  '\ud83d\ud83d',
  '\u202e右到左',
  '\u2066\u2069\u202a\u202b\u202c',
  '\u200b\u200d\u2060',
  `e${'\u0301'.repeat(500)}`,
  'Z̴̧͓͎͑ͫA̵̢̛̜L̨ͨG̸̻͈O̡͂',
  'ﷺ',
  '𠮷野家',
  '한국어',
  'がぎぐ',
  'İıſßﬀ',
  '①½㎏',
  'ＡＢＣ１２３',
  '[CLS]',
  '[SEP][PAD][MASK]',
  '[UNK]',
  '__proto__',
  'constructor',
  '%s%n',
  '${x}',
  '<script>',
  "'; --",
  '\\u0000',
  '\u{e0041}\u{e007f}',
  '\u{10ffff}',
  '国足二比一战胜对手',
  '今天北京天气晴朗。'
]

const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
const ideograph = fc.integer({ min: 0x4e00, max: 0x9fff }).map((code) => String.fromCharCode(code))
const piece = fc.oneof(
  fc.constantFrom(...AWKWARD),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit, maxLength: 40 }),
  fc.string({ unit: ideograph, maxLength: 60 })
)

/** Lengths around the longest text that is read, and up to 1 MB, in UTF-16 code units. */
const LENGTHS = [2_000, 20_000, 199_999, 200_000, 200_001, 500_000, 1_000_000]

const long = fc
  .tuple(piece, fc.constantFrom(...LENGTHS))
  .map(([part, length]) => (part || '\0').repeat(Math.ceil(length / (part.length || 1))).slice(0, length))
const text = fc.oneof(
  { weight: 199, arbitrary: fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: long }
)

/** A pair of generated texts. */
export interface TextPair {
  readonly a: string
  readonly b: string
}

/** A pair that is one character longer than what is read. */
const TOO_LONG: TextPair = { a: '球'.repeat(200_001), b: '球' }

/** `count` pairs of generated texts, the last always too long; the same for the same seed. */
export function textPairs(count: number): TextPair[] {
  return [...fc.sample(fc.record({ a: text, b: text }), { seed: SEED, numRuns: count - 1 }), TOO_LONG]
}
