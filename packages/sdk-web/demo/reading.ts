import { make } from './element'
import type { Settings } from './settings'

/** [CLS] and [SEP] around a text. */
const SPECIAL = 2
/** Characters that the box shows without scrolling, on a phone too; of a longer text it can be reached by keyboard, to be scrolled. */
const FITS = 150

/** A text as it was read: the words that the other text has too are marked, and what was cut off is struck out, under a line that says so. */
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

function marked(text: string, other: string): (string | HTMLElement)[] {
  const common = new Set(words(other).filter((word) => /[\p{L}\p{N}]{2}/u.test(word)))
  return words(text).map((word) => (common.has(word) ? make('mark', {}, word) : word))
}

/** The browser's own segmentation, which is not the model's; single characters where it has none. */
function words(text: string): string[] {
  if (!('Segmenter' in Intl)) return [...text]
  return [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(text)].map(({ segment }) => segment)
}
