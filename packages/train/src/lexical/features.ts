type Counts<Term> = ReadonlyMap<Term, number>

/** log((1 + texts) / (1 + texts with the term)) + 1 over training texts, scikit-learn's smoothed form. */
export interface InverseFrequencies<Term> {
  readonly known: ReadonlyMap<Term, number>
  /** For terms that no training text has. */
  readonly unknown: number
}

export interface TermStatistics {
  readonly words: InverseFrequencies<string>
  readonly bigrams: InverseFrequencies<number>
}

export interface TextTerms {
  readonly words: Counts<string>
  /** By the two UTF-16 code units as one number. */
  readonly bigrams: Counts<number>
  /** In UTF-16 code units. */
  readonly length: number
}

export function textTerms(text: string, words: (text: string) => readonly string[]): TextTerms {
  return { words: counted(words(text)), bigrams: counted(bigramsOf(text)), length: text.length }
}

export function termStatistics(texts: readonly TextTerms[]): TermStatistics {
  return {
    words: inverseFrequencies(texts.map((text) => text.words)),
    bigrams: inverseFrequencies(texts.map((text) => text.bigrams))
  }
}

/** Cosines of words and character bigrams by TF-IDF, Jaccard and containment of bigrams, word overlap, log lengths. */
export function lexicalFeatures(a: TextTerms, b: TextTerms, statistics: TermStatistics): Float64Array {
  const common = commonKeys(a.bigrams, b.bigrams)
  return Float64Array.of(
    cosine(a.words, b.words, statistics.words),
    cosine(a.bigrams, b.bigrams, statistics.bigrams),
    ratio(common, a.bigrams.size + b.bigrams.size - common),
    ratio(common, Math.min(a.bigrams.size, b.bigrams.size)),
    ratio(commonKeys(a.words, b.words), Math.min(a.words.size, b.words.size)),
    Math.log1p(a.length),
    Math.log1p(b.length)
  )
}

/** Pairs of adjacent characters, without white space. */
function bigramsOf(text: string): number[] {
  const characters = text.replace(/\s+/g, '').toLowerCase()
  return Array.from(
    { length: Math.max(0, characters.length - 1) },
    (_, i) => characters.charCodeAt(i) * 0x10000 + characters.charCodeAt(i + 1)
  )
}

function counted<Term>(terms: readonly Term[]): Map<Term, number> {
  const counts = new Map<Term, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

function inverseFrequencies<Term>(texts: readonly Counts<Term>[]): InverseFrequencies<Term> {
  const counts = new Map<Term, number>()
  for (const text of texts) for (const term of text.keys()) counts.set(term, (counts.get(term) ?? 0) + 1)
  const idf = (count: number) => Math.log((1 + texts.length) / (1 + count)) + 1
  for (const [term, count] of counts) counts.set(term, idf(count))
  return { known: counts, unknown: idf(0) }
}

/** Cosine of count x idf vectors. */
function cosine<Term>(one: Counts<Term>, other: Counts<Term>, { known, unknown }: InverseFrequencies<Term>): number {
  const square = (counts: Counts<Term>) => {
    let sum = 0
    for (const [term, count] of counts) sum += (count * (known.get(term) ?? unknown)) ** 2
    return sum
  }
  let dot = 0
  for (const [term, count] of one) {
    const also = other.get(term)
    if (also !== undefined) dot += count * also * (known.get(term) ?? unknown) ** 2
  }
  return ratio(dot, Math.sqrt(square(one) * square(other)))
}

function commonKeys<Term>(one: Counts<Term>, other: Counts<Term>): number {
  let count = 0
  for (const key of one.keys()) if (other.has(key)) count++
  return count
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
