import type { Segmenter } from './jieba'
import { segmentWords } from './tokenizer'
import { basicTokens } from './wordpiece'

/** The tokens every vocabulary begins with: [PAD] must be id 0. */
export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const

/** Lone surrogates, which neither UTF-8 nor the basic tokenizer can represent. */
const UNPAIRED = /[\ud800-\udfff]/u

/** Counts the normalized jieba words of texts. */
export function countWords(texts: Iterable<string>, segment: Segmenter): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) for (const word of segmentWords(segment, text)) add(counts, word, 1)
  return counts
}

/**
 * Builds a vocabulary from word counts, in id order: the special tokens, all characters seen (those of words of letters also as "##"
 * pieces, so that no such word is unknown), then words. Each group is sorted by count, then by code unit, so that the same counts always
 * produce the same vocabulary; tokens beyond `size`, which includes special ones, are dropped.
 */
export function buildVocab(counts: ReadonlyMap<string, number>, { size }: { readonly size: number }): string[] {
  const characters = new Map<string, number>()
  const words = new Map<string, number>()
  for (const [word, count] of counts) {
    if (UNPAIRED.test(word)) continue
    const tokens = basicTokens(word)
    for (const token of tokens) {
      Array.from(token).forEach((character, i) => add(characters, i > 0 ? `##${character}` : character, count))
    }
    // a word is looked up as jieba returns it, so it is a token only if no part of it is dropped or white space
    if (tokens.join('') === word && Array.from(word).length > 1) words.set(word, count)
  }
  const tokens = new Set<string>([...SPECIAL_TOKENS, ...byCount(characters), ...byCount(words)])
  return [...tokens].slice(0, size)
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}

function byCount(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([token]) => token)
}
