import { comparable } from '@sohu-match/node'

/** Kinds of pairs that models get wrong, in the order in which they are looked for; a pair is of the first kind that fits. */
export const ERROR_KINDS = {
  same: 'the texts are the same but for punctuation and case',
  numbers: 'numbers differ',
  names: 'names differ: Latin words, or what is in 《》 or quotation marks',
  contained: 'one text contains the other',
  order: 'the same words in another order',
  replaced: 'the texts differ in one place',
  disjoint: 'no word in common',
  lengths: 'one text is more than three times as long as the other',
  other: 'none of these'
} as const

export type ErrorKind = keyof typeof ERROR_KINDS

/** Share of the shorter text that the differing part may be in `replaced`. */
const REPLACED = 0.5
const LENGTH_RATIO = 3

/** The kind of a pair. `words` segments a text. */
export function errorKind({ a, b }: { a: string; b: string }, words: (text: string) => readonly string[]): ErrorKind {
  const [one, other] = [comparable(a), comparable(b)]
  if (one === other) return 'same'
  if (differ(numbersOf(a), numbersOf(b))) return 'numbers'
  if (differ(namesOf(a), namesOf(b))) return 'names'
  if (one.includes(other) || other.includes(one)) return 'contained'
  const [long, otherLong] = [longWords(words(a)), longWords(words(b))]
  if (long.size > 1 && long.size === otherLong.size && [...long].every((word) => otherLong.has(word))) return 'order'
  if (differInOnePlace([...one], [...other])) return 'replaced'
  const content = (text: string) => words(text).filter((word) => /\p{Script=Han}|[\p{L}\p{N}]{2}/u.test(word))
  const known = new Set(content(a))
  if (!content(b).some((word) => known.has(word))) return 'disjoint'
  const lengths = [one.length, other.length].sort((x, y) => x - y) as [number, number]
  return lengths[1] > LENGTH_RATIO * lengths[0] ? 'lengths' : 'other'
}

/** Words of two letters or more. */
function longWords(words: readonly string[]): Set<string> {
  return new Set(words.filter((word) => /^[\p{L}\p{N}]{2,}$/u.test(word)))
}

/** Whether both have some, and each has one that the other lacks. */
function differ(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const lacks = (x: ReadonlySet<string>, y: ReadonlySet<string>) => [...x].some((item) => !y.has(item))
  return lacks(one, other) && lacks(other, one)
}

/** Numbers in digits, and Chinese ones of two characters or more or before a measure word (三年, 十二). */
function numbersOf(text: string): Set<string> {
  const plain = text.normalize('NFKC')
  const found = plain.match(
    /\d+(?:\.\d+)?|[零一二两三四五六七八九十百千万亿]{2,}|[一二两三四五六七八九十](?=[年月日号天岁个名次元倍点])/g
  )
  return new Set(found ?? [])
}

function namesOf(text: string): Set<string> {
  const plain = text.normalize('NFKC')
  const latin = plain.match(/[A-Za-z][A-Za-z0-9.+-]*/g) ?? []
  const quoted = [...plain.matchAll(/《([^》]+)》|“([^”]+)”|「([^」]+)」/g)].map(([, x, y, z]) => (x ?? y ?? z)!)
  return new Set([...latin.map((word) => word.toLowerCase()), ...quoted])
}

/** Whether the texts agree in their beginning and end, and what is left in the middle of both is short. */
function differInOnePlace(a: readonly string[], b: readonly string[]): boolean {
  const shorter = Math.min(a.length, b.length)
  let start = 0
  while (start < shorter && a[start] === b[start]) start++
  let end = 0
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const middle = Math.max(a.length, b.length) - start - end
  return start + end > 0 && middle <= Math.max(1, REPLACED * shorter)
}
