import { decomposeWithoutMarks } from './marks'
import { basicTokens } from './wordpiece'

/** Removed before anything else: controls, format characters, private use and U+FFFD. Tabs and line ends are white space instead. */
const REMOVED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]+/gu
/** Texts that lower-casing alone normalizes: printable ASCII, ideographs, punctuation of Chinese text. */
const PLAIN = /^[\t\n\r\x20-\x7e\u2010-\u2027\u3000-\u3029\u4e00-\u9fff\uff00-\uffef]*$/

/**
 * The words of Hugging Face's `BertTokenizer` (its tokenizers library: `BertNormalizer` with `lowercase`, then `BertPreTokenizer`), in order:
 * ideographs and punctuation alone, everything else between white space. `onWord` stops it by returning true.
 */
export function basicWords(text: string, onWord: (word: string) => boolean | void): void {
  for (const word of basicTokens(normalizeForBert(text))) if (onWord(word) === true) return
}

/**
 * Unlike `normalize`, marks go before the case does, and each letter is lowered alone: a sigma at the end of a word is the same letter
 * as one inside it.
 */
function normalizeForBert(text: string): string {
  const stripped = PLAIN.test(text) ? text : decomposeWithoutMarks(text.replace(REMOVED, ''))
  return stripped.replaceAll('Σ', 'σ').toLowerCase()
}
