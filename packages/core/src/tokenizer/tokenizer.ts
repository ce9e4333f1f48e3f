import { encodePair, type Encoding, type TextTruncation } from './encode-pair'
import { createSegmenter, type Segmenter } from './jieba'
import { normalize } from './normalize'
import { openDictionary } from './trie'
import { parseVocab, type Vocab } from './vocab'
import { basicTokens, wordPieces } from './wordpiece'

/** Options of `Tokenizer.encode`. */
export interface EncodeOptions {
  /** What a too long text loses. Default `longest-first`, as the reference. */
  readonly truncation?: TextTruncation
}

/** The tokenizer of WoBERT and its RoFormer: normalization, jieba without HMM, WordPiece for words outside the vocabulary. */
export interface Tokenizer {
  readonly vocab: Vocab
  /** The words of a text as jieba cuts it after normalization, white space included; together they are the normalized text. */
  words(text: string): string[]
  /** The tokens of a text without [CLS] and [SEP]; one that the vocabulary lacks is shown as itself. */
  tokenize(text: string): string[]
  /** The ids of `tokenize`. With `limit` it stops once it has that many; it may return a few more. */
  ids(text: string, limit?: number): Int32Array
  /** One pair, or one text where `b` is undefined, as the network reads it. Throws `input-invalid` when `maxLength` is below 3 (or 2). */
  encode(a: string, b: string | undefined, maxLength: number, options?: EncodeOptions): Encoding
}

/** Cached ids of words outside the vocabulary (names, numbers): when this many are held, all are dropped. */
const CACHED_WORDS = 20_000
/** Longer words are too rare to cache. In code units. */
const LONGEST_CACHED = 24

/**
 * Builds the tokenizer from the text of vocab.txt and the bytes of `dictionary.bin`.
 * Equal to bert4keras' `Tokenizer(vocab, do_lower_case=True, pre_tokenize=lambda s: jieba.lcut(s, HMM=False))`. Throws `asset-corrupt`.
 */
export function createTokenizer(vocab: string, dictionary: Uint8Array): Tokenizer {
  const parsed = parseVocab(vocab)
  const segment = createSegmenter(openDictionary(dictionary))
  const ids = createEncoder(parsed, segment)
  return {
    vocab: parsed,
    words: (text) => segmentWords(segment, text),
    tokenize: (text) => segmentWords(segment, text).flatMap((word) => tokensOf(word, parsed)),
    ids: (text, limit = Infinity) => Int32Array.from(ids(text, limit)),
    encode(a, b, maxLength, { truncation = 'longest-first' } = {}) {
      // tokens past maxLength never survive longest-first and do not change which others do; one more shows `truncated`
      const limit = truncation === 'longest-first' ? maxLength + 1 : Infinity
      return encodePair(ids(a, limit), b === undefined ? undefined : ids(b, limit), parsed, maxLength, truncation)
    }
  }
}

/** The normalized words of a text, for those who need no vocabulary (to build one, say). */
export function segmentWords(segment: Segmenter, text: string): string[] {
  const words: string[] = []
  segment(normalize(text), (word) => void words.push(word))
  return words
}

function tokensOf(word: string, vocab: Vocab): string[] {
  return vocab.ids.has(word) ? [word] : basicTokens(word).flatMap((token) => wordPieces(token, vocab))
}

/** Text to ids, in one array that grows: `(text, limit)` stops at the first word that reaches the limit. */
function createEncoder(vocab: Vocab, segment: Segmenter): (text: string, limit: number) => number[] {
  const cache = new Map<string, readonly number[]>()
  const idsOf = (word: string): readonly number[] => {
    const cached = cache.get(word)
    if (cached) return cached
    const ids = tokensOf(word, vocab).map((token) => vocab.ids.get(token) ?? vocab.unknownId)
    if (word.length <= LONGEST_CACHED) {
      if (cache.size >= CACHED_WORDS) cache.clear()
      cache.set(word, ids)
    }
    return ids
  }
  return (text, limit) => {
    const out: number[] = []
    segment(normalize(text), (word) => {
      const id = vocab.ids.get(word)
      if (id === undefined) for (const other of idsOf(word)) out.push(other)
      else out.push(id)
      return out.length >= limit
    })
    return out
  }
}
