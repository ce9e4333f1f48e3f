import { readNews } from '@sohu-match/corpus'

/** Every tenth text is a near-copy of its predecessor. */
const COPY_EVERY = 10

/**
 * `count` short texts, always the same: two clauses of the corpus' news and a number, or the previous text without one
 * character. They are not shipped.
 */
export async function shortTexts(count: number): Promise<string[]> {
  const clauses: string[] = []
  for (const { text } of await readNews())
    clauses.push(...text.split(/[。！？；，]/).filter((clause) => clause.length >= 6))
  const texts: string[] = []
  let state = 1
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0 // Numerical Recipes, section 7.1
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let i = 0; i < count; i++) {
    if (i % COPY_EVERY === COPY_EVERY - 1) {
      const before = texts[i - 1]!
      const at = next(before.length)
      texts.push(before.slice(0, at) + before.slice(at + 1))
    } else {
      texts.push(`${clauses[next(clauses.length)]}，${clauses[next(clauses.length)]}（${i}）`)
    }
  }
  return texts
}
