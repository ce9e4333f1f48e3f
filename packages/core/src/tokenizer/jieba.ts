import { log } from './log'
import type { Trie } from './trie'

/** Cuts a text into words, which together are the text; `onWord` may return true to stop early (only between blocks is the rest known to be unneeded). */
export type Segmenter = (text: string, onWord: (word: string) => boolean | void) => void

const ALNUM = 1
const HAN = 2

/** Class of a code unit: `[A-Za-z0-9]`, else what jieba's dictionary search runs over (`re_han`: U+4E00..9FD5 and `+ # & . _ % -`), else 0. */
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
 * A block of Han and ASCII word characters is cut along its most probable route; every other character is a word by itself, "\r\n" one word.
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

/** Reports the words of a route; neighboring single ASCII letters and digits are glued to one word. Tells whether `onWord` asked to stop. */
function cutBlock(text: string, start: number, end: number, ends: Int32Array, onWord: (word: string) => boolean | void): boolean {
  let glued = start                                                     // first of the single letters and digits not yet reported
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

/** Gives, for each position of a block, the end of the word that starts there on the best route: offsets within the block, valid until the next call. */
function createRouter({ unit, firstChild, count, root, total }: Trie): (text: string, start: number, end: number) => Int32Array {
  const logTotal = log(total)
  const logProbability = new Float64Array(count.length)                 // filled at first use; 0 stands for "not yet": log(count / total) < 0
  const sharedEnds = new Int32Array(SHARED_BLOCK)
  const sharedScores = new Float64Array(SHARED_BLOCK + 1)
  const find = (node: number, code: number): number => {
    let low = firstChild[node]!
    let high = firstChild[node + 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      if (unit[middle]! < code) low = middle + 1
      else high = middle
    }
    return low < firstChild[node + 1]! && unit[low] === code ? low : 0
  }
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
          if (score >= best) {                                          // a tie goes to the longer word, as max() over (score, end) does
            best = score
            bestEnd = next
          }
        }
        node = next < length ? find(node, text.charCodeAt(start + next)) : 0
      }
      scores[i] = best === -Infinity ? scores[i + 1]! - logTotal : best // no word starts here: a character of count 1
      ends[i] = bestEnd
    }
    return ends
  }
}
