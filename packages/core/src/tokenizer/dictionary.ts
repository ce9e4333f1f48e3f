import { MatcherError } from '../errors'
import { encodeTrie, type Trie } from './trie'

/** Words with their counts, and the total over all lines, which exceeds the sum of the map if a word is repeated, as in jieba's file. */
export interface WordCounts {
  readonly words: ReadonlyMap<string, number>
  readonly total: number
}

/** A larger count means a damaged file: jieba's largest is 883,634. */
const MAX_COUNT = 0x7fffffff

const corrupt = (message: string) => new MatcherError('asset-corrupt', message)

/**
 * Parses the text of a jieba dictionary, one `word count [tag]` per line. The last of equal words wins, every line counts toward the
 * total, blank lines are skipped. Throws `asset-corrupt` with the line number.
 */
export function parseDictionaryText(text: string): WordCounts {
  const words = new Map<string, number>()
  let total = 0
  let number = 0
  for (const line of text.split('\n')) {
    number += 1
    const [word, count] = line.trim().split(' ')
    if (!word) continue
    if (!count || !/^\d{1,10}$/.test(count) || Number(count) > MAX_COUNT) {
      throw corrupt(
        `Line ${number} of the dictionary is "${line.slice(0, 40)}"; it must be "word count tag", as in jieba's dict.txt.`
      )
    }
    words.set(word, Number(count))
    total += Number(count)
  }
  if (total === 0) throw corrupt("The dictionary has no word with a count; pass the text of jieba's dict.txt.")
  return { words, total }
}

/** Encodes words and counts as the bytes of `dictionary.bin`, which do not depend on the order of the words. */
export function encodeDictionary({ words, total }: WordCounts): Uint8Array {
  return encodeTrie(
    [...words].sort(([a], [b]) => (a < b ? -1 : 1)),
    total
  )
}

/** Compiles the text of a jieba dictionary to the bytes of `dictionary.bin`. Throws `asset-corrupt` with the line number. */
export function compileDictionary(text: string): Uint8Array {
  return encodeDictionary(parseDictionaryText(text))
}

/** Lists the words of a searchable dictionary with their counts, and the total. */
export function dictionaryWords({ unit, firstChild, count, total }: Trie): WordCounts {
  const words = new Map<string, number>()
  const prefix = [''] // [nodes]: a node's word; parents come before children
  for (let node = 0; node < count.length; node++) {
    const word = prefix[node]!
    if (count[node]! > 0) words.set(word, count[node]!)
    for (let child = firstChild[node]!; child < firstChild[node + 1]!; child++)
      prefix[child] = word + String.fromCharCode(unit[child]!)
  }
  return { words, total }
}
