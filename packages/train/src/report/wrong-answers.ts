import { heldLabels, labelThresholdsOf, type TaskSpec, type Thresholds } from '@sohu-match/core'
import type { AnsweredText } from '../evaluate/scoring'
import { ratio } from './format'
import { foldable, highlighted } from './mistakes'
import { escapeHtml, section } from './page'

/** A wrong answer with its truth, as texts; `distance` is the size of the error. */
interface WrongAnswer {
  readonly text: AnsweredText
  readonly wanted: string
  readonly given: string
  readonly distance: number
}

/** Rows with wrong labels, by the probability on the wrong side; for a score, all rows by their error. */
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

/** HTML sections of an errors page for tasks with labels or a score. */
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
        ? `${wrong.length} of ${all} have other labels than the model gives; probabilities are next to the labels.`
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
