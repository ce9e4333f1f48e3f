import { heldLabels, labelThresholdsOf, type ScoredRow, type TaskSpec, type Thresholds } from '@sohu-match/core'
import type { AnsweredText } from '../evaluate/scoring'
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

/** An answer that differs from what is true, as texts; `distance` orders them, the worst highest. */
interface WrongAnswer {
  readonly text: AnsweredText
  readonly wanted: string
  readonly given: string
  readonly distance: number
}

/** The rows whose labels are not the predicted ones, by the probability that was on the wrong side; of a score, all rows by their error. */
export function wrongAnswers(rows: readonly AnsweredText[], task: TaskSpec, thresholds: Thresholds): WrongAnswer[] {
  const { labels } = task
  const own = rows.filter((row) => row.task === task.id)
  const cutoffs = labelThresholdsOf(thresholds, task)
  const names = (held: readonly number[], values: readonly number[]): string =>
    held.map((label) => `${labels![label]!} ${ratio(values[label])}`).join(', ') || 'none'
  const wrong = own.flatMap((text): WrongAnswer[] => {
    const { target, values } = text
    if (!labels) {
      const [wanted, given] = [target[0]!, values[0]!]
      return [{ text, wanted: String(wanted), given: ratio(given), distance: Math.abs(wanted - given) }]
    }
    const held = heldLabels(task, values, cutoffs)
    const differing = [...target.filter((one) => !held.includes(one)), ...held.filter((one) => !target.includes(one))]
    if (differing.length === 0) return []
    const distance = Math.max(
      ...differing.map((label) => (target.includes(label) ? 1 - values[label]! : values[label]!))
    )
    return [{ text, wanted: names(target, values), given: names(held, values), distance }]
  })
  return wrong.sort((one, other) => other.distance - one.distance)
}

/** The sections of an errors page for tasks with labels or a score. HTML. */
export function answerSections(
  rows: readonly AnsweredText[],
  tasks: readonly TaskSpec[],
  thresholds: Thresholds,
  words: (text: string) => readonly string[],
  count = 20
): string[] {
  return tasks
    .filter(({ id }) => rows.some(({ task }) => task === id))
    .map((task) => {
      const wrong = wrongAnswers(rows, task, thresholds)
      const all = rows.filter((row) => row.task === task.id).length
      const head = task.labels
        ? `${wrong.length} of ${all} have other labels than the model gives; probabilities stand beside the labels.`
        : `The ${all} scores, the farthest from the model's first.`
      return section(task.name, `<p>${head}</p>`, ...wrong.slice(0, count).map((one) => answerCard(one, words)))
    })
}

function answerCard(
  { text: { a, b }, wanted, given }: WrongAnswer,
  words: (text: string) => readonly string[]
): string {
  const texts =
    b === undefined
      ? foldable(a, escapeHtml(a))
      : foldable(a, highlighted(a, b, words)) + foldable(b, highlighted(b, a, words))
  return `<div class="pair"><p>true <b>${escapeHtml(wanted)}</b>, model <b>${escapeHtml(given)}</b></p>${texts}</div>`
}

/** The most wrong pairs of each task: first misses (label 1), then false matches. `words` segments a text; `more` are sections of other tasks. */
export function errorsPage(
  title: string,
  pairs: readonly JudgedPair[],
  tasks: readonly TaskSpec[],
  words: (text: string) => readonly string[],
  count = 20,
  more: readonly string[] = []
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
  return page(title, [...sections, ...more])
}
