import { characterClass } from './normalize'
import type { Vocab } from './vocab'

/**
 * Splits normalized text as BERT's basic tokenizer does: punctuation and ideographs stand alone, control characters vanish,
 * white space separates. bert4keras runs it on each jieba word that the vocabulary lacks.
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
 * Cuts a word into the longest pieces that the vocabulary has, from the left, "##" before those inside it.
 * A word with any part unknown stays whole (it becomes [UNK]), and so does one of more than `longestWord` code points.
 */
export function wordPieces(
  word: string,
  { ids, longest }: Pick<Vocab, 'ids' | 'longest'>,
  longestWord: number
): string[] {
  const bounds = [0] // code units before each code point, and of the whole word
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
