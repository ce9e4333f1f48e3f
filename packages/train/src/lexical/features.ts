/** Counts of the terms of one text. */
type Counts = ReadonlyMap<string, number>

/** Names of the features, in their order. */
export const LEXICAL_FEATURES = [
  'cosine of word TF-IDF', 'cosine of character-bigram TF-IDF', 'Jaccard of character bigrams', 'containment of character bigrams', 'word overlap',
  'log length of the first text', 'log length of the second text'
] as const

/** Document frequencies of words and character bigrams in training texts. */
export interface TermStatistics {
  readonly texts: number
  readonly words: Counts
  readonly bigrams: Counts
}

/** What the features need of one text. */
export interface TextTerms {
  readonly words: Counts
  readonly bigrams: Counts
  /** In UTF-16 code units. */
  readonly length: number
}

/** Counts the words of a text, as `words` cuts it, and its character bigrams. */
export function textTerms(text: string, words: (text: string) => readonly string[]): TextTerms {
  return { words: counted(words(text)), bigrams: counted(bigramsOf(text)), length: text.length }
}

/** Counts in how many texts each word and bigram occurs. */
export function termStatistics(texts: Iterable<TextTerms>): TermStatistics {
  const words = new Map<string, number>()
  const bigrams = new Map<string, number>()
  let count = 0
  for (const text of texts) {
    count++
    for (const word of text.words.keys()) words.set(word, (words.get(word) ?? 0) + 1)
    for (const gram of text.bigrams.keys()) bigrams.set(gram, (bigrams.get(gram) ?? 0) + 1)
  }
  return { texts: count, words, bigrams }
}

/** The features of a pair of texts, in the order of `LEXICAL_FEATURES`. */
export function lexicalFeatures(a: TextTerms, b: TextTerms, statistics: TermStatistics): Float64Array {
  const common = commonKeys(a.bigrams, b.bigrams)
  return Float64Array.of(
    cosine(a.words, b.words, statistics.words, statistics.texts), cosine(a.bigrams, b.bigrams, statistics.bigrams, statistics.texts),
    ratio(common, a.bigrams.size + b.bigrams.size - common), ratio(common, Math.min(a.bigrams.size, b.bigrams.size)),
    ratio(commonKeys(a.words, b.words), Math.min(a.words.size, b.words.size)), Math.log1p(a.length), Math.log1p(b.length)
  )
}

/** Neighbouring characters of a text, white space left out. */
function bigramsOf(text: string): string[] {
  const characters = Array.from(text.replace(/\s+/g, '').toLowerCase())
  return characters.slice(1).map((character, i) => characters[i]! + character)
}

function counted(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

/** Cosine of count x idf vectors, idf = log((1 + texts) / (1 + texts with the term)) + 1 (scikit-learn's smoothed form). */
function cosine(one: Counts, other: Counts, frequencies: Counts, texts: number): number {
  const weight = (term: string, count: number) => count * (Math.log((1 + texts) / (1 + (frequencies.get(term) ?? 0))) + 1)
  const square = (counts: Counts) => {
    let sum = 0
    for (const [term, count] of counts) sum += weight(term, count) ** 2
    return sum
  }
  let dot = 0
  for (const [term, count] of one) {
    const also = other.get(term)
    if (also !== undefined) dot += weight(term, count) * weight(term, also)
  }
  return ratio(dot, Math.sqrt(square(one) * square(other)))
}

function commonKeys(one: Counts, other: Counts): number {
  let count = 0
  for (const key of one.keys()) if (other.has(key)) count++
  return count
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
