import {
  basicWords,
  createTokenizer,
  dictionaryWords,
  normalize,
  openDictionary,
  parseVocab,
  SPECIAL_TOKENS,
  type ModelConfig
} from '@sohu-match/core'

type WordSegmentation = ModelConfig['wordSegmentation']

/** A vocabulary made from another: each token with the ids of the tokens whose embeddings' mean it starts as. */
export interface VocabularyRows {
  readonly tokens: readonly string[]
  readonly sources: readonly (readonly number[])[]
}

/** The unchanged vocabulary. */
export function allRows(vocab: string): VocabularyRows {
  const { tokens } = parseVocab(vocab)
  return { tokens, sources: tokens.map((_, id) => [id]) }
}

/**
 * Without the tokens that no text can contain, so that no score changes: with BERT's tokenizer a third of its Chinese
 * vocabulary, since ideographs stand alone and "##" pieces of them never occur. Special tokens stay.
 */
export function reachableRows({ tokens, sources }: VocabularyRows, segmentation: WordSegmentation): VocabularyRows {
  const kept = tokens.flatMap((token, id) => (isReachable(token, segmentation) ? [id] : []))
  return { tokens: kept.map((id) => tokens[id]!), sources: kept.map((id) => sources[id]!) }
}

/**
 * Adds at most `count` words, the most frequent of a jieba dictionary that consist of known tokens: each starts as the
 * mean of those tokens (Su 2020, WoBERT, kexue.fm/archives/7758).
 */
export function rowsWithWords(
  { tokens, sources }: VocabularyRows,
  dictionary: Uint8Array,
  count: number
): VocabularyRows {
  const { vocab, ids } = createTokenizer(`${tokens.join('\n')}\n`)
  const byCount = [...dictionaryWords(openDictionary(dictionary)).words].sort(
    ([a, m], [b, n]) => n - m || (a < b ? -1 : 1)
  )
  const words: string[] = []
  const starts: (readonly number[])[] = []
  for (const [word] of byCount) {
    if (words.length === count) break
    const pieces = [...ids(word)]
    if (vocab.ids.has(word) || pieces.length < 2 || pieces.includes(vocab.unknownId) || normalize(word) !== word)
      continue
    words.push(word)
    starts.push(pieces.flatMap((id) => sources[id]!))
  }
  return { tokens: [...tokens, ...words], sources: [...sources, ...starts] }
}

/** The initial table [tokens, width], from the source's [its tokens, width]. */
export function tableOf(table: Float32Array, { sources }: VocabularyRows, width: number): Float32Array {
  const result = new Float32Array(sources.length * width)
  sources.forEach((ids, row) => {
    const to = result.subarray(row * width, (row + 1) * width)
    for (const id of ids) for (let i = 0; i < width; i++) to[i]! += table[id * width + i]! / ids.length
  })
  return result
}

/**
 * True if some text contains the token: normalization and the basic tokenizer leave it whole, after "##" within a word.
 */
function isReachable(token: string, segmentation: WordSegmentation): boolean {
  if ((SPECIAL_TOKENS as readonly string[]).includes(token)) return true
  const inside = token.startsWith('##') && token.length > 2
  // jieba's words are looked up unchanged, and BERT's rules for private use characters do not apply after jieba
  if (segmentation === 'jieba' && (inside ? /\p{Co}/u.test(token) : normalize(token) === token)) return true
  const word = inside ? `a${token.slice(2)}` : token
  const words: string[] = []
  basicWords(word, (part) => void words.push(part))
  return words.length === 1 && words[0] === word
}
