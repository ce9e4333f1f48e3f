import { basicWords } from './basic-words'
import { encodePair, type Encoding } from './encode-pair'
import { createSegmenter, type Segmenter } from './jieba'
import { normalize } from './normalize'
import { openDictionary } from './trie'
import { parseVocab, type Vocab } from './vocab'
import { basicTokens, wordPieces } from './wordpiece'

/**
 * With a dictionary, the tokenizer of WoBERT and RoFormer: normalization, jieba without HMM, WordPiece for words that are not in the
 * vocabulary. Without one, BERT's tokenizer.
 */
export interface Tokenizer {
  readonly vocab: Vocab
  /**
   * The words of a text after normalization: from jieba, white space included, so that they join to the normalized text; without a
   * dictionary from BERT's basic tokenizer, without white space.
   */
  words(text: string): string[]
  /** The tokens of a text without [CLS] and [SEP]; unknown ones as they are written. */
  tokenize(text: string): string[]
  /** The ids of `tokenize`. With `limit` it stops once it has that many; it may return a few more. */
  ids(text: string, limit?: number): Int32Array
  /**
   * Encodes a pair, or one text if `b` is undefined; what exceeds `maxLength` is cut from the end of the longer text. Throws
   * `input-invalid` if `maxLength` is below 3 (or 2).
   */
  encode(a: string, b: string | undefined, maxLength: number): Encoding
}

/** Size at which the cache of words outside the vocabulary (names, numbers) is cleared. */
const CACHED_WORDS = 20_000
/** Longer words, in code units, are too rare to cache. */
const LONGEST_CACHED = 24

/** Most code points of a word that WordPiece cuts: bert4keras' `word_maxlen` and BERT's `max_input_chars_per_word`. */
const LONGEST_WORD = { jieba: 200, bert: 100 } as const

/** Splits a text into words and a word into tokens. */
interface WordCutter {
  /** Reports the words of a text in order until `onWord` returns true. */
  readonly cut: Segmenter
  readonly tokensOf: (word: string) => string[]
}

/**
 * Builds the tokenizer from the text of vocab.txt and the bytes of `dictionary.bin`. With a dictionary it equals bert4keras'
 * `Tokenizer(vocab, do_lower_case=True, pre_tokenize=lambda s: jieba.lcut(s, HMM=False))`; without one, Hugging Face's
 * `BertTokenizer(vocab, do_lower_case=True)` with `split_special_tokens=True`: "[SEP]" in a text is text. Throws `asset-corrupt`.
 */
export function createTokenizer(vocab: string, dictionary?: Uint8Array): Tokenizer {
  const parsed = parseVocab(vocab)
  const cutter = dictionary ? jiebaCutter(parsed, createSegmenter(openDictionary(dictionary))) : bertCutter(parsed)
  const ids = createEncoder(parsed, cutter)
  const words = (text: string): string[] => wordsOf(cutter.cut, text)
  return {
    vocab: parsed,
    words,
    tokenize: (text) => words(text).flatMap(cutter.tokensOf),
    ids: (text, limit = Infinity) => Int32Array.from(ids(text, limit)),
    encode(a, b, maxLength) {
      const limit = maxLength + 1 // further tokens are cut and do not change which others are; one more shows `truncated`
      return encodePair(ids(a, limit), b === undefined ? undefined : ids(b, limit), parsed, maxLength)
    }
  }
}

function jiebaCutter(vocab: Vocab, segment: Segmenter): WordCutter {
  return {
    cut: (text, onWord) => segment(normalize(text), onWord),
    tokensOf: (word) =>
      vocab.ids.has(word) ? [word] : basicTokens(word).flatMap((token) => wordPieces(token, vocab, LONGEST_WORD.jieba))
  }
}

function bertCutter(vocab: Vocab): WordCutter {
  return { cut: basicWords, tokensOf: (word) => wordPieces(word, vocab, LONGEST_WORD.bert) }
}

/** The normalized words of a text, without a vocabulary: to build one, for example. */
export function segmentWords(segment: Segmenter, text: string): string[] {
  return wordsOf(segment, normalize(text))
}

function wordsOf(cut: Segmenter, text: string): string[] {
  const words: string[] = []
  cut(text, (word) => void words.push(word))
  return words
}

/** Returns `(text, limit)`, which encodes a text and stops at the first word that reaches the limit. */
function createEncoder(vocab: Vocab, { cut, tokensOf }: WordCutter): (text: string, limit: number) => number[] {
  const cache = new Map<string, readonly number[]>()
  const idsOf = (word: string): readonly number[] => {
    const cached = cache.get(word)
    if (cached) return cached
    const ids = tokensOf(word).map((token) => vocab.ids.get(token) ?? vocab.unknownId)
    if (word.length <= LONGEST_CACHED) {
      if (cache.size >= CACHED_WORDS) cache.clear()
      cache.set(word, ids)
    }
    return ids
  }
  return (text, limit) => {
    const out: number[] = []
    cut(text, (word) => {
      const id = vocab.ids.get(word)
      if (id === undefined) for (const other of idsOf(word)) out.push(other)
      else out.push(id)
      return out.length >= limit
    })
    return out
  }
}
