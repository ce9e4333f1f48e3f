import { decomposeWithoutMarks } from './marks'
import { basicTokens } from './wordpiece'

/** Controls, format characters, private use and U+FFFD are removed first; tabs and line ends are white space. */
const REMOVED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]+/gu
/** Texts that need only lower-casing: printable ASCII, ideographs, Chinese punctuation. */
const PLAIN = /^[\t\n\r\x20-\x7e\u2010-\u2027\u3000-\u3029\u4e00-\u9fff\uff00-\uffef]*$/

/**
 * The words of Hugging Face's `BertTokenizer` (its tokenizers library: `BertNormalizer` with `lowercase`, then `BertPreTokenizer`), in order:
 * each ideograph and punctuation mark by itself, the rest split at white space. `onWord` stops it by returning true.
 */
export function basicWords(text: string, onWord: (word: string) => boolean | void): void {
  for (const word of basicTokens(normalizeForBert(text))) if (onWord(word) === true) return
}

/**
 * Unlike `normalize`, removes marks before lower-casing, and lower-cases each letter by itself, so that a sigma at the end of a word is
 * the same letter as one inside it.
 */
function normalizeForBert(text: string): string {
  const stripped = PLAIN.test(text) ? text : decomposeWithoutMarks(text.replace(REMOVED, ''))
  return stripped.replaceAll('Σ', 'σ').toLowerCase()
}
