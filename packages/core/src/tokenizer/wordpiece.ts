import { characterClass } from './normalize'
import type { Vocab } from './vocab'

/**
 * Splits normalized text as BERT's basic tokenizer does: at white space and around punctuation and ideographs, without control characters.
 * bert4keras runs it on each jieba word that is not in the vocabulary.
 */
export function basicTokens(text: string): string[] {
  const tokens: string[] = []
  let word = ''
  const flush = () => {
    if (word) tokens.push(word)
    word = ''
  }
  for (const character of text) {
    const kind = characterClass(character)
    if (kind === 'letter') word += character
    else if (kind !== 'dropped') flush()
    if (kind === 'single') tokens.push(character)
  }
  flush()
  return tokens
}

/**
 * Cuts a word from the left into the longest pieces in the vocabulary, with "##" before all but the first. A word with an unknown part, or
 * of more than `longestWord` code points, stays whole and becomes [UNK].
 */
export function wordPieces(
  word: string,
  { ids, longest }: Pick<Vocab, 'ids' | 'longest'>,
  longestWord: number
): string[] {
  const bounds = [0] // offset of each code point in code units, then the word's length
  for (const character of word) bounds.push(bounds.at(-1)! + character.length)
  const length = bounds.length - 1
  if (length > longestWord) return [word]
  const pieces: string[] = []
  for (let start = 0; start < length;) {
    let end = Math.min(length, start + longest)
    let piece = word
    for (; end > start; end--) {
      piece = (start > 0 ? '##' : '') + word.slice(bounds[start], bounds[end])
      if (ids.has(piece)) break
    }
    if (end === start) return [word]
    pieces.push(piece)
    start = end
  }
  return pieces
}
