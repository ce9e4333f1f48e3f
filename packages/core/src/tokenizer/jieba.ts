import { log } from './log'
import type { Trie } from './trie'

/** Called with each word; returning true stops the segmenter. */
type OnWord = (word: string) => boolean | void

/** Reports the words of a text in order; joined, they are the text. Not reentrant: `onWord` must not call the segmenter. */
export type Segmenter = (text: string, onWord: OnWord) => void

const ALNUM = 1
const HAN = 2

/** Class of a code unit: `[A-Za-z0-9]`; the others of jieba's `re_han` (U+4E00..9FD5 and `+ # & . _ % -`); or 0, outside the blocks. */
const UNIT_CLASS = /* @__PURE__ */ classifyUnits()

function classifyUnits(): Uint8Array {
  const classes = new Uint8Array(0x10000)
  classes.fill(HAN, 0x4e00, 0x9fd5 + 1)
  for (const symbol of '+#&._%-') classes[symbol.charCodeAt(0)] = HAN
  for (const [first, last] of ['az', 'AZ', '09']) classes.fill(ALNUM, first!.charCodeAt(0), last!.charCodeAt(0) + 1)
  return classes
}

/**
 * The segmenter of Python jieba 0.42.1 with the HMM off (`jieba.lcut(text, HMM=False)`), over the same dictionary.
 * A block of Han and ASCII word characters is cut along its most probable route; any other character, or "\r\n", is a word by itself.
 */
export function createSegmenter(trie: Trie): Segmenter {
  const route = createRouter(trie)
  return (text, onWord) => {
    for (let i = 0; i < text.length;) {
      let end = i
      while (end < text.length && UNIT_CLASS[text.charCodeAt(end)]! > 0) end++
      if (end > i) {
        if (cutBlock(text, i, end, route(text, i, end), onWord)) return
        i = end
      } else {
        end = i + otherLength(text, i)
        if (onWord(text.slice(i, end)) === true) return
        i = end
      }
    }
  }
}

/** Length in code units of the word that starts at a character outside the blocks: 2 for a surrogate pair or "\r\n", else 1. */
function otherLength(text: string, i: number): number {
  return text.codePointAt(i)! > 0xffff || (text[i] === '\r' && text[i + 1] === '\n') ? 2 : 1
}

/** Reports the words of a route, joining adjacent single ASCII letters and digits. Returns true if `onWord` stopped it. */
function cutBlock(text: string, start: number, end: number, ends: Int32Array, onWord: OnWord): boolean {
  let glued = start // first of the single letters and digits not yet reported
  for (let i = start; i < end;) {
    const next = start + ends[i - start]!
    if (next !== i + 1 || UNIT_CLASS[text.charCodeAt(i)] !== ALNUM) {
      if (glued < i && onWord(text.slice(glued, i)) === true) return true
      if (onWord(text.slice(i, next)) === true) return true
      glued = next
    }
    i = next
  }
  return glued < end && onWord(text.slice(glued, end)) === true
}

/** Blocks of up to this many code units share a pair of work arrays; longer ones, which real text does not have, get their own. */
const SHARED_BLOCK = 4096

/** For each offset in a block, the end of the word that starts there on the best route; valid until the next call. */
function createRouter(trie: Trie): (text: string, start: number, end: number) => Int32Array {
  const { count, root } = trie
  const logTotal = log(trie.total)
  const logProbability = new Float64Array(count.length) // filled on first use, 0 until then
  const sharedEnds = new Int32Array(SHARED_BLOCK)
  const sharedScores = new Float64Array(SHARED_BLOCK + 1)
  return (text, start, end) => {
    const length = end - start
    const ends = length <= SHARED_BLOCK ? sharedEnds : new Int32Array(length)
    const scores = length <= SHARED_BLOCK ? sharedScores : new Float64Array(length + 1)
    scores[length] = 0
    for (let i = length - 1; i >= 0; i--) {
      let best = -Infinity
      let bestEnd = i + 1
      let node = root[text.charCodeAt(start + i)]!
      for (let next = i + 1; node > 0; next++) {
        if (count[node]! > 0) {
          const own = logProbability[node]! || (logProbability[node] = log(count[node]!) - logTotal)
          const score = own + scores[next]!
          if (score >= best) {
            // the longer word wins a tie, as in Python's max() over (score, end)
            best = score
            bestEnd = next
          }
        }
        node = next < length ? findChild(trie, node, text.charCodeAt(start + next)) : 0
      }
      scores[i] = best === -Infinity ? scores[i + 1]! - logTotal : best // no word starts here: a character of count 1
      ends[i] = bestEnd
    }
    return ends
  }
}

/** Finds the child of a node by code unit, 0 for none, with a binary search among its children. */
function findChild({ unit, firstChild }: Trie, node: number, code: number): number {
  const end = firstChild[node + 1]!
  let low = firstChild[node]!
  for (let high = end; low < high;) {
    const middle = (low + high) >>> 1
    if (unit[middle]! < code) low = middle + 1
    else high = middle
  }
  return low < end && unit[low] === code ? low : 0
}
