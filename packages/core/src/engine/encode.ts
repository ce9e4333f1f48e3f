import type { EncodedPair, EncodePolicy, TextPair, WindowTruncation } from './engine'
import { encodePair, keptLengths, type Encoding } from '../tokenizer/encode-pair'
import type { Tokenizer } from '../tokenizer/tokenizer'

/** Turns pairs into sequences, all in one buffer, so that a worker transfers them in one piece. A text that comes twice is cut once. */
export function encodePairs(
  tokenizer: Pick<Tokenizer, 'ids' | 'vocab'>,
  pairs: readonly TextPair[],
  policy: EncodePolicy
): EncodedPair[] {
  const { maxLength, truncation } = policy
  // Tokens past maxLength change nothing where the head of a text is kept; one more shows that it was cut.
  const limit = truncation === 'longest-first' ? maxLength + 1 : undefined
  const known = new Map<string, Int32Array>()
  const idsOf = (text: string): Int32Array => {
    const ids = known.get(text) ?? tokenizer.ids(text, limit)
    known.set(text, ids)
    return ids
  }
  const { vocab } = tokenizer
  return pack(
    pairs.flatMap(({ a, b }, pair): EncodedPair[] => {
      const [idsA, idsB] = [idsOf(a), idsOf(b)]
      if (typeof truncation === 'string') return [{ pair, ...encodePair(idsA, idsB, vocab, maxLength, truncation) }]
      return windows(idsA, idsB, truncation).map(([partA, partB]) => ({
        pair,
        ...encodePair(partA, partB, vocab, truncation.window)
      }))
    })
  )
}

/**
 * The parts of both texts that each window reads. A text of at most half a window stays whole in every one; longer ones share the rest
 * and move on together, `stride` tokens a window, each until its own end: no token is left out.
 */
export function windows(
  a: Int32Array,
  b: Int32Array,
  { window, stride }: WindowTruncation
): [Int32Array, Int32Array][] {
  const budget = window - 3 // [CLS], [SEP], [SEP]
  if (a.length + b.length <= budget) return [[a, b]]
  const [shareA, shareB] = keptLengths(a.length, b.length, budget)
  const steps = Math.max(lastStep(a.length, shareA, stride), lastStep(b.length, shareB, stride))
  return Array.from({ length: steps + 1 }, (_, step) => [part(a, shareA, step, stride), part(b, shareB, step, stride)])
}

/** Moves until the last token is read; a stride beyond the share would skip tokens, so it counts as the share. */
function lastStep(length: number, share: number, stride: number): number {
  return length <= share ? 0 : Math.ceil((length - share) / Math.min(stride, share))
}

function part(ids: Int32Array, share: number, step: number, stride: number): Int32Array {
  const start = Math.max(0, Math.min(step * Math.min(stride, share), ids.length - share))
  return ids.subarray(start, start + share)
}

function pack(pairs: readonly (Encoding & { pair: number })[]): EncodedPair[] {
  const total = pairs.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0)
  const all = new Int32Array(2 * total)
  let offset = 0
  const place = (ids: Int32Array): Int32Array => {
    all.set(ids, offset)
    offset += ids.length
    return all.subarray(offset - ids.length, offset)
  }
  return pairs.map(({ pair, tokenIds, segmentIds, truncated }) => ({
    pair,
    tokenIds: place(tokenIds),
    segmentIds: place(segmentIds),
    truncated
  }))
}
