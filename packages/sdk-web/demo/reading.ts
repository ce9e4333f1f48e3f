import { make } from './element'
import type { Settings } from './settings'

/** [CLS] and [SEP] around a text. */
const SPECIAL = 2
/** Characters that the box shows without scrolling, on a phone too; of a longer text it can be reached by keyboard, to be scrolled. */
const FITS = 150

/** A text as it was read: what the other text has too is marked, and what was cut off is struck out, under a line that says so. */
export function reading(text: string, other: string, cut: number | undefined, settings: Settings): HTMLElement {
  const characters = [...text]
  const read = characters.slice(0, cut).join('')
  const paragraph = make('p', { lang: 'zh-CN' }, ...marked(read, other))
  const box = make('div', { className: 'reading', tabIndex: characters.length > FITS ? 0 : -1 }, paragraph)
  if (cut === undefined) return box
  const rest = characters.slice(cut)
  const counts = [cut, rest.length].map((count) => settings.number(count, 0))
  const note = counts.reduce((sentence, count) => sentence.replace('#', count), settings.t('cutHere'))
  paragraph.append(make('del', {}, rest.join('')))
  box.prepend(make('strong', { className: 'cut' }, note))
  return box
}

/**
 * About how many characters of a text fit `maxLength` tokens; undefined where all do. A Chinese character is one token, a Latin word or number
 * about one per four letters.
 */
export function cutAfter(text: string, maxLength: number): number | undefined {
  let tokens = SPECIAL
  let at = 0
  for (const [piece] of text.matchAll(/[A-Za-z0-9]+|[^A-Za-z0-9]/gu)) {
    tokens += /\s/.test(piece) ? 0 : /[A-Za-z0-9]/.test(piece) ? Math.ceil(piece.length / 4) : 1
    if (tokens > maxLength) return at
    at += [...piece].length
  }
  return undefined
}

/** Marks what both texts have: two neighboring Chinese characters or more, whole Latin words and numbers. */
function marked(text: string, other: string): (string | HTMLElement)[] {
  const [mine, theirs] = [piecesOf(text), piecesOf(other)]
  const known = new Set(theirs.flatMap((piece, i) => [piece, `${piece} ${theirs[i + 1]}`]))
  const shared = mine.map((piece, i) => {
    if (!/[\p{L}\p{N}]/u.test(piece)) return false
    if (piece.length > 1 && !HAN.test(piece)) return known.has(piece)
    const before = isWordLike(mine[i - 1]) && known.has(`${mine[i - 1]} ${piece}`)
    return before || (isWordLike(mine[i + 1]) && known.has(`${piece} ${mine[i + 1]}`))
  })
  const runs: { text: string; shared: boolean }[] = []
  mine.forEach((piece, i) => {
    const last = runs.at(-1)
    if (last && last.shared === shared[i]) last.text += piece
    else runs.push({ text: piece, shared: shared[i]! })
  })
  return runs.map((run) => (run.shared ? make('mark', {}, run.text) : run.text))
}

const HAN = /\p{Script=Han}/u

const isWordLike = (piece: string | undefined): boolean => piece !== undefined && /[\p{L}\p{N}]/u.test(piece)

/** Latin words and numbers as they are, everything else by character. */
function piecesOf(text: string): string[] {
  return text.match(/[A-Za-z0-9]+|[^A-Za-z0-9]/gu) ?? []
}
