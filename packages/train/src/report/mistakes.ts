import type { ScoredRow, TaskSpec } from '@sohu-match/core'
import { doubtfulLabels } from '../evaluate/doubtful-labels'
import { ERROR_KINDS, errorKind, type ErrorKind } from '../evaluate/error-kinds'
import { percent, ratio, whole } from './format'
import { escapeHtml, htmlTable, page, section } from './page'

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

/** HTML of a text; long ones are folded. */
export function foldable(text: string, html: string): string {
  const characters = [...text]
  if (characters.length <= SHOWN_WHOLE) return `<p>${html}</p>`
  return `<details><summary>${escapeHtml(characters.slice(0, BEGINNING).join(''))}… (${characters.length} characters)</summary><p>${html}</p></details>`
}

export interface ErrorsPageOptions {
  /** Segments a text. */
  readonly words: (text: string) => readonly string[]
  /** Pairs shown per task, kind and direction of error. Default 20. */
  readonly count?: number
  /** False if the network was trained on these pairs: its scores then say nothing about their labels. Default: true. */
  readonly heldOut?: boolean
  /** HTML sections of tasks with labels or a score. */
  readonly more?: readonly string[]
}

/** For each task: errors by kind, labels that look wrong, then the most wrong pairs of each kind, misses before false matches. */
export function errorsPage(
  title: string,
  pairs: readonly JudgedPair[],
  tasks: readonly TaskSpec[],
  { words, count = 20, heldOut = true, more = [] }: ErrorsPageOptions
): string {
  const sections = tasks.flatMap(({ id, name }) => {
    const of = pairs.filter(({ task }) => task === id).map((pair) => ({ ...pair, kind: errorKind(pair, words) }))
    if (of.length === 0) return []
    const wrong = of.filter(({ label, predicted }) => label !== predicted)
    return section(
      name,
      `<p>${wrong.length} of ${of.length} pairs are on the wrong side of the threshold. Words that both texts have are marked.</p>`,
      kindTable(of),
      ...(heldOut ? [labelsToCheck(doubtfulLabels(of), words, count)] : []),
      ...KINDS.flatMap((kind) =>
        kindErrors(
          kind,
          mostWrong(
            wrong.filter((pair) => pair.kind === kind),
            id,
            Infinity
          ),
          words,
          count
        )
      )
    )
  })
  return page(title, [...sections, ...more])
}

type KindOfPair = JudgedPair & { readonly kind: ErrorKind }

const KINDS = Object.keys(ERROR_KINDS) as ErrorKind[]

/** Kinds with an error, those with the most first. */
function kindTable(pairs: readonly KindOfPair[]): string {
  const rows = KINDS.map((kind) => {
    const of = pairs.filter((pair) => pair.kind === kind)
    const missed = of.filter(({ label, predicted }) => label === 1 && predicted === 0).length
    const matched = of.filter(({ label, predicted }) => label === 0 && predicted === 1).length
    return { kind, all: of.length, missed, matched, wrong: missed + matched }
  })
    .filter(({ wrong }) => wrong > 0)
    .sort((one, other) => other.wrong - one.wrong)
  return htmlTable(
    ['kind of pair', 'pairs', 'wrong', 'share wrong', 'missed', 'wrongly matched'],
    rows.map(({ kind, all, missed, matched, wrong }) => [
      ERROR_KINDS[kind],
      whole(all),
      whole(wrong),
      percent(wrong / all),
      whole(missed),
      whole(matched)
    ])
  )
}

/** Labels to look at, of pairs that were scored by networks trained without them. */
export function labelsPage(
  title: string,
  pairs: readonly JudgedPair[],
  tasks: readonly TaskSpec[],
  { words, count = 20 }: Pick<ErrorsPageOptions, 'words' | 'count'>
): string {
  const sections = tasks.flatMap(({ id, name }) => {
    const of = pairs.filter(({ task }) => task === id)
    return of.length === 0 ? [] : [section(name, labelsToCheck(doubtfulLabels(of), words, count))]
  })
  return page(title, sections)
}

function labelsToCheck(
  doubtful: readonly JudgedPair[],
  words: (text: string) => readonly string[],
  count: number
): string {
  return (
    `<h3>Labels to look at: ${doubtful.length}</h3><p>The network is as sure of the other label here as it is, on average, where that label is given. ` +
    `Either the label is wrong, or the pair shows what the network has not learned.</p>${cards(doubtful.slice(0, count), words)}`
  )
}

function kindErrors(
  kind: ErrorKind,
  wrong: readonly JudgedPair[],
  words: (text: string) => readonly string[],
  count: number
): string[] {
  return ([1, 0] as const).flatMap((label) => {
    const of = wrong.filter((pair) => pair.label === label)
    if (of.length === 0) return []
    const name = `${label === 1 ? 'Missed' : 'Wrongly matched'}: ${of.length}, ${ERROR_KINDS[kind]}`
    return [`<h3>${escapeHtml(name)}</h3>${cards(of.slice(0, count), words)}`]
  })
}

const cards = (pairs: readonly JudgedPair[], words: (text: string) => readonly string[]): string =>
  pairs.map((pair) => pairCard(pair, words)).join('')
