import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR, LONG, SHORT } from '../growth.fixtures'
import { compileDictionary } from './dictionary'
import { createTokenizer } from './tokenizer'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
const vocab = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '中',
  '中国',
  ...letters,
  ...Array.from(letters, (one) => `##${one}`)
]
const dictionary = compileDictionary('中国 5\n中国人民 3\n人民 9\n中 2\n国人 1\nabab 1\n')
const tokenizers = {
  jieba: createTokenizer(vocab.join('\n'), dictionary),
  none: createTokenizer(vocab.join('\n'), undefined)
}

/** Time per character must not grow with a text's length, whatever the text. */
const growthOf = (tokenizer: { ids(text: string): unknown }, textOf: (length: number) => string): Promise<number> => {
  const [short, long] = [textOf(SHORT), textOf(LONG)]
  return growth(
    () => tokenizer.ids(short),
    () => tokenizer.ids(long)
  )
}

const repeated = (unit: string) => (length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
const halves = (one: string, other: string) => (length: number) => one.repeat(length / 2) + other.repeat(length / 2)

const KINDS: readonly (readonly [string, (length: number) => string])[] = [
  ['marks of falling class', halves('\u0301', '\u0316')],
  ['marks of two classes in turn', repeated('\u0301\u0316')],
  ['Mc marks of falling class', halves('\u302e', '\u1b44')],
  ['Mc marks outside the basic plane', halves('\u{1d16d}', '\u{1d165}')],
  ['marks that decompose', repeated('\u0f73\u0f81\u0344')],
  ['runs just below the length that is sorted here', repeated(`a${'\u0301\u0316'.repeat(31)}`)],
  ['marks divided by starters', repeated('\u0301\u034f\u302e')],
  ['capital sigmas between marks', repeated(`Σ${'\u0301'.repeat(40)}`)],
  ['one word of letters', repeated('abcdefg')],
  ['words of 200 letters', repeated(`${'z9q'.repeat(66)}zz `)],
  ['letters and marks', repeated('e\u0301')],
  ['one block of ideographs', repeated('中国人民')],
  ['Hangul', repeated('각한')],
  ['halves of surrogate pairs', repeated('\ud83d')],
  ['pairs in reverse', repeated('\ude00\ud83d')],
  ['white space', repeated(' \u3000\r\n')],
  ['controls', repeated('\0\u200b\ufeff')],
  ['punctuation', repeated('.。-—')],
  ['expanding capitals', repeated('İẞǅ')]
]

/** Texts that nobody thought of: a few code points of any kind, repeated, or one half of each. */
const character = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0x300, max: 0x36f }),
  fc.integer({ min: 0x900, max: 0x1100 }),
  fc.integer({ min: 0x1d100, max: 0x1d200 }),
  fc.constantFrom(0x302e, 0x302f, 0x1b44, 0x3a3, 0x20, 0x41)
)
const generated = fc.tuple(fc.array(character, { minLength: 1, maxLength: 4 }), fc.boolean()).map(([codes, halved]) => {
  const unit = String.fromCodePoint(...codes)
  return halved ? halves(unit, String.fromCodePoint(codes.at(-1)!)) : repeated(unit)
})

describe.each(Object.entries(tokenizers))('tokenizing with %s is linear in the length of', (_, tokenizer) => {
  it.each(KINDS)('%s', async (_kind, textOf) => {
    expect(await growthOf(tokenizer, textOf)).toBeLessThan(LINEAR)
  })

  it('generated kinds of text', async () => {
    await fc.assert(
      fc.asyncProperty(generated, async (textOf) => (await growthOf(tokenizer, textOf)) < LINEAR),
      { numRuns: 60 }
    )
  })
})
