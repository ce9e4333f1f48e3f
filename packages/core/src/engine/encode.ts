import type { EncodedPair, EncodePolicy, TextInput, WindowTruncation } from './engine'
import { encodePair, keptLengths, type Encoding } from '../tokenizer/encode-pair'
import type { Tokenizer } from '../tokenizer/tokenizer'

/** Encodes pairs into one buffer, which a worker transfers in one piece. A repeated text is tokenized once. */
export function encodePairs(
  tokenizer: Pick<Tokenizer, 'ids' | 'vocab'>,
  pairs: readonly TextInput[],
  policy: EncodePolicy
): EncodedPair[] {
  const { maxLength, truncation } = policy
  // Tokens beyond maxLength do not matter if the head of a text is kept; one more shows the truncation.
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
      const [idsA, idsB] = [idsOf(a), b === undefined ? undefined : idsOf(b)]
      if (typeof truncation === 'string') return [{ pair, ...encodePair(idsA, idsB, vocab, maxLength, truncation) }]
      return windows(idsA, idsB, truncation).map(([partA, partB]) => ({
        pair,
        ...encodePair(partA, partB, vocab, truncation.window)
      }))
    })
  )
}

/**
 * The parts of both texts, or of one, in each window. A text of at most half a window is whole in every one; longer
 * ones share the rest and advance together, `stride` tokens per window, each until its own end: no token is skipped.
 */
export function windows<B extends Int32Array | undefined>(
  a: Int32Array,
  b: B,
  truncation: WindowTruncation
): [Int32Array, B][] {
  const { stride } = truncation
  const { shares, count } = windowPlan(a.length, b?.length, truncation)
  return Array.from({ length: count }, (_, step) => [
    part(a, shares[0], step, stride),
    (b && part(b, shares[1], step, stride)) as B
  ])
}

/** Expected number of sequences of a pair, or text, from UTF-16 lengths: usually at least the number of tokens. */
export function windowEstimate(a: number, b: number | undefined, { truncation }: EncodePolicy): number {
  return typeof truncation === 'string' ? 1 : windowPlan(a, b, truncation).count
}

/** The tokens of both texts in one window, and the number of windows. */
function windowPlan(
  a: number,
  b: number | undefined,
  { window, stride }: WindowTruncation
): { shares: [a: number, b: number]; count: number } {
  const specials = b === undefined ? 2 : 3 // [CLS], and a [SEP] after each text
  const shares = keptLengths(a, b ?? 0, window - specials)
  return { shares, count: 1 + Math.max(lastStep(a, shares[0], stride), lastStep(b ?? 0, shares[1], stride)) }
}

/** Steps until the last token is read; a stride beyond the share would skip tokens, so it is capped at the share. */
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
