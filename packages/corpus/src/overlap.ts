/** The different pairs of neighboring characters of a text. */
export function bigrams(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (let i = 1; i < text.length; i++) found.add(text.slice(i - 1, i + 1))
  return found
}

/** Jaccard index of two sets of bigrams: common ones over all. */
export function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const [small, large] = one.size < other.size ? [one, other] : [other, one]
  let common = 0
  for (const bigram of small) if (large.has(bigram)) common++
  const all = one.size + other.size - common
  return all === 0 ? 0 : common / all
}

/** Measures the overlap of texts, the bigrams of each counted once. */
export function overlapMeter(): (one: string, other: string) => number {
  const known = new Map<string, ReadonlySet<string>>()
  const of = (text: string) => {
    let set = known.get(text)
    if (!set) known.set(text, (set = bigrams(text)))
    return set
  }
  return (one, other) => jaccard(of(one), of(other))
}
