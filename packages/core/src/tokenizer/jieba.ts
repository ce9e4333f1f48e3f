import { log } from './log'
import type { Trie } from './trie'

/** Takes one word; true stops the segmenter. */
type OnWord = (word: string) => boolean | void

/** Reports the words of a text in order; together they are the text. Not reentrant: `onWord` must not call the segmenter. */
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
 * A block of Han and ASCII word characters is cut along its most probable route; every other character is a word, and so is "\r\n".
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

/** Code units of the word that starts at a character outside the blocks: a surrogate pair or "\r\n" is two, all else one. */
function otherLength(text: string, i: number): number {
  return text.codePointAt(i)! > 0xffff || (text[i] === '\r' && text[i + 1] === '\n') ? 2 : 1
}

/** Reports the words of a route; neighboring single ASCII letters and digits are glued to one word. True when `onWord` stopped it. */
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

/** Blocks up to this many code units share one pair of work arrays; longer ones (no real text has them) get their own. */
const SHARED_BLOCK = 4096

/** For each position of a block, the end of the word that starts there on the best route; offsets in the block, until the next call. */
function createRouter(trie: Trie): (text: string, start: number, end: number) => Int32Array {
  const { count, root } = trie
  const logTotal = log(trie.total)
  const logProbability = new Float64Array(count.length) // filled at first use, 0 until then
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
            // a tie goes to the longer word, as max() over (score, end) does
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

/** The child of a node by code unit, 0 where there is none: a binary search among neighbors. */
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
