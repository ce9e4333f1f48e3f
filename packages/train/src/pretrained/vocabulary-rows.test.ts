import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createTokenizer, normalize, SPECIAL_TOKENS } from '@sohu-match/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundledDictionary } from '../checkpoint/dictionary'
import { demoPairs } from '../data/demo-corpus'
import { withPublicWeights } from './load'
import { allRows, reachableRows, rowsWithWords, tableOf, type VocabularyRows } from './vocabulary-rows'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../core/fixtures/${name}`, import.meta.url))
const { dictionary } = await bundledDictionary()

/** Tokens as BERT's Chinese vocabulary has them: characters, "##" pieces of each, words, unused ones, some in forms that normalization changes. */
const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i))
const characters = [...new Set(demoPairs(4, 'train', 40).flatMap(({ source }) => [...normalize(source)]))].filter((c) =>
  c.trim()
)
const vocab = `${[
  ...new Set([
    ...SPECIAL_TOKENS,
    '[unused1]',
    ...[...letters, ...characters].flatMap((c) => [c, `##${c}`]),
    ...[
      'the',
      '##ing',
      '今天',
      '##今天',
      'É',
      'é',
      'Å',
      'ABC',
      '##ABC',
      '1.5',
      '##\ue000',
      '\ue000',
      'ς',
      'Σ',
      '##',
      '#',
      '###'
    ]
  ])
].join('\n')}\n`

const corpus = demoPairs(4, 'valid', 40).flatMap(({ source, target }) => [source, target])
const texts = [
  ...corpus,
  ...(JSON.parse(readFileSync(fixture('bert-tokens.json'), 'utf8')) as { texts: { text: string }[] }).texts.map(
    ({ text }) => text
  )
]
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...characters, ...letters, ' ', '#', 'Σ') })
)
const asText = ({ tokens }: VocabularyRows): string => `${tokens.join('\n')}\n`

describe.each(['none', 'jieba'] as const)(
  'a vocabulary without tokens that cannot occur (word segmentation %s)',
  (segmentation) => {
    const pruned = reachableRows(allRows(vocab), segmentation)
    const [before, after] = [vocab, asText(pruned)].map((text) =>
      createTokenizer(text, segmentation === 'jieba' ? dictionary : undefined)
    )
    /** The ids of a text by the smaller vocabulary, as ids of the whole one. */
    const translated = (text: string): number[] => [...after!.ids(text)].map((id) => pruned.sources[id]![0]!)

    it('cuts every text into the same tokens', () => {
      for (const text of texts) expect(translated(text), text).toEqual([...before!.ids(text)])
      fc.assert(
        fc.property(anyText, (text) => {
          expect(translated(text)).toEqual([...before!.ids(text)])
        })
      )
    })

    it('is a third smaller, and keeps the special tokens', () => {
      expect(pruned.tokens.length).toBeLessThan(0.7 * before!.vocab.tokens.length)
      expect(pruned.tokens.slice(0, 5)).toEqual([...SPECIAL_TOKENS])
      for (const token of ['##今天', 'É', '##ABC', 'Σ']) expect(pruned.tokens).not.toContain(token)
      for (const token of ['##ing', '##a', 'ς', '#']) expect(pruned.tokens).toContain(token)
    })
  }
)

describe('words for a vocabulary of characters', () => {
  const characterRows = allRows(vocab)
  const rows = rowsWithWords(characterRows, dictionary, 100)
  const tokenizer = createTokenizer(asText(rows), dictionary)

  it('are the most frequent of the dictionary that the characters make up, after all other tokens', () => {
    expect(rows.tokens.slice(0, characterRows.tokens.length)).toEqual(characterRows.tokens)
    expect(rows.tokens).toHaveLength(characterRows.tokens.length + 100)
    const words = rows.tokens.slice(characterRows.tokens.length)
    for (const word of words) {
      expect([...word].length, word).toBeGreaterThan(1)
      expect(characterRows.tokens).not.toContain(word)
    }
    const shorter = corpus.map((text) => [tokenizer.ids(text).length, createTokenizer(vocab).ids(text).length])
    expect(shorter.every(([words, characters]) => words! <= characters!)).toBe(true)
    expect(shorter.some(([words, characters]) => words! < characters!)).toBe(true)
  })

  it('start as the mean of their characters', () => {
    const table = Float32Array.from({ length: characterRows.tokens.length * 2 }, (_, i) => Math.sin(i))
    const result = tableOf(table, rows, 2)
    expect(result.slice(0, table.length)).toEqual(table)
    rows.tokens.slice(characterRows.tokens.length).forEach((word, i) => {
      const ids = [...word].map((character) => characterRows.tokens.indexOf(character))
      const row = result.subarray(table.length + 2 * i, table.length + 2 * i + 2)
      for (const axis of [0, 1]) {
        const mean = ids.reduce((sum, id) => sum + table[2 * id + axis]!, 0) / ids.length
        expect(row[axis]).toBeCloseTo(mean, 6)
      }
    })
  })
})

it('an imported encoder takes the smaller or larger vocabulary with its table, and nothing else changes', async () => {
  const read = (options: { pruneVocabulary?: boolean; words?: number }) =>
    withPublicWeights(
      fixture('bert-tiny/safetensors'),
      { seed: 1, model: { max_length: 12 }, ...options },
      async ({ config, vocab, parameters }) => {
        const values = await Promise.all(
          parameters.map(async ({ name, shape, read }) => [name, [shape, await read()]] as const)
        )
        return {
          config,
          tokens: vocab.trimEnd().split('\n'),
          values: new Map<string, readonly [readonly number[], Float32Array]>(values)
        }
      }
    )
  const [whole, pruned, worded] = [await read({}), await read({ pruneVocabulary: true }), await read({ words: 5 })]
  expect(pruned.config).toEqual({ ...whole.config, vocabSize: 39 }) // the token of white space goes
  expect(worded.config).toEqual({ ...whole.config, vocabSize: 45, wordSegmentation: 'jieba' })
  for (const { config, tokens, values } of [pruned, worded]) {
    const [shape, table] = values.get('embeddings.word')!
    expect([tokens.length, shape]).toEqual([config.vocabSize, [config.vocabSize, 16]])
    for (const [id, token] of tokens.entries()) {
      const before = whole.tokens.indexOf(token)
      if (before >= 0)
        expect(table.slice(16 * id, 16 * id + 16)).toEqual(
          whole.values.get('embeddings.word')![1].slice(16 * before, 16 * before + 16)
        )
    }
    for (const [name, value] of whole.values)
      if (name !== 'embeddings.word') expect(values.get(name), name).toEqual(value)
  }
})
