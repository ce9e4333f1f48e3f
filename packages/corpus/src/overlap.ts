/** The distinct pairs of adjacent UTF-16 code units, each as one number, in ascending order. */
export function bigrams(text: string): Uint32Array {
  const found = new Set<number>()
  for (let i = 1; i < text.length; i++) found.add(text.charCodeAt(i - 1) * 0x10000 + text.charCodeAt(i))
  return Uint32Array.from(found).sort()
}

/** Jaccard index of two ascending sets. */
export function jaccard(one: Uint32Array, other: Uint32Array): number {
  let common = 0
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    const difference = one[i]! - other[j]!
    if (difference === 0) common++
    if (difference <= 0) i++
    if (difference >= 0) j++
  }
  const all = one.length + other.length - common
  return all === 0 ? 0 : common / all
}

/** Measures overlap by bigrams, which are cached. */
export function overlapMeter(): (one: string, other: string) => number {
  const known = new Map<string, Uint32Array>()
  const of = (text: string) => {
    let set = known.get(text)
    if (!set) known.set(text, (set = bigrams(text)))
    return set
  }
  return (one, other) => jaccard(of(one), of(other))
}
