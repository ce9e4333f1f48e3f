import type { ScoredRow, TaskSpec } from '@sohu-match/core'
import { ratio } from './format'
import { escapeHtml, page, section } from './page'

export interface JudgedPair extends ScoredRow {
  readonly a: string
  readonly b: string
}

/** Pairs on the wrong side of the threshold, the farthest first, at most `count`. */
export function mostWrong(pairs: readonly JudgedPair[], task: number, count: number): JudgedPair[] {
  const distance = ({ score, label }: JudgedPair) => Math.abs(score - label)
  return pairs
    .filter((pair) => pair.task === task && pair.predicted !== pair.label)
    .sort((one, other) => distance(other) - distance(one))
    .slice(0, count)
}

/** HTML that marks the words shared with the other text, except punctuation and single letters or digits. */
export function highlighted(text: string, other: string, words: (text: string) => readonly string[]): string {
  const common = new Set(words(other).filter((word) => /\p{Script=Han}|[\p{L}\p{N}]{2}/u.test(word)))
  return words(text)
    .map((word) => (common.has(word) ? `<mark>${escapeHtml(word)}</mark>` : escapeHtml(word)))
    .join('')
    .replaceAll('</mark><mark>', '')
}

/** HTML of a pair: label, score, and both texts with their common words marked. */
export function pairCard(pair: JudgedPair, words: (text: string) => readonly string[]): string {
  return (
    `<div class="pair"><p>label <b>${pair.label}</b>, score <b>${ratio(pair.score)}</b></p>` +
    `${foldable(pair.a, highlighted(pair.a, pair.b, words))}${foldable(pair.b, highlighted(pair.b, pair.a, words))}</div>`
  )
}

/** Characters up to which a text is shown whole; of a longer one, the beginning until it is opened. */
const [SHOWN_WHOLE, BEGINNING] = [160, 80]

function foldable(text: string, html: string): string {
  const characters = [...text]
  if (characters.length <= SHOWN_WHOLE) return `<p>${html}</p>`
  return `<details><summary>${escapeHtml(characters.slice(0, BEGINNING).join(''))}… (${characters.length} characters)</summary><p>${html}</p></details>`
}

/** The most wrong pairs of each task: first misses (label 1), then false matches. `words` segments a text. */
export function errorsPage(
  title: string,
  pairs: readonly JudgedPair[],
  tasks: readonly TaskSpec[],
  words: (text: string) => readonly string[],
  count = 20
): string {
  const sections = tasks
    .filter((task) => pairs.some((pair) => pair.task === task.id))
    .map((task) => {
      const wrong = mostWrong(pairs, task.id, Infinity)
      const kinds = (
        [
          [1, 'Missed'],
          [0, 'Wrongly matched']
        ] as const
      ).map(([label, name]) => {
        const of = wrong.filter((pair) => pair.label === label)
        return `<h3>${name}: ${of.length}</h3>${of
          .slice(0, count)
          .map((pair) => pairCard(pair, words))
          .join('')}`
      })
      const all = pairs.filter((pair) => pair.task === task.id).length
      return section(
        task.name,
        `<p>${wrong.length} of ${all} pairs are on the wrong side of the threshold. Words that both texts have are marked.</p>`,
        ...kinds
      )
    })
  return page(title, sections)
}
