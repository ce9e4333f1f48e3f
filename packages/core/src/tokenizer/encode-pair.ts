import { MatcherError } from '../errors'
import type { Vocab } from './vocab'

/** Which tokens of a long text are kept: its head, as in the reference, or its head and its tail, 3 to 1. */
export type TextTruncation = 'longest-first' | 'head-tail'

/** Input of the network for a pair (or a text): `[length]` each. */
export interface Encoding {
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  /** True if tokens were dropped to stay within the maximum length. */
  readonly truncated: boolean
}

/** Share of the kept tokens that `head-tail` takes from the front. */
const HEAD_SHARE = 0.75

/**
 * How many tokens of texts with `a` and `b` tokens fit into `budget`: the closed form of the reference's loop, which
 * drops one token from the longer text, from the first on a tie, until both fit (bert4keras `truncate_sequences`).
 */
export function keptLengths(a: number, b: number, budget: number): [a: number, b: number] {
  if (a + b <= budget) return [a, b]
  const half = Math.floor(budget / 2)
  if (a <= half) return [a, budget - a]
  if (b <= budget - half) return [budget - b, b]
  return [half, budget - half]
}

/**
 * `[CLS] a [SEP] b [SEP]`, segments 0 up to the first [SEP] and 1 after it; without `b`, `[CLS] a [SEP]`. At most
 * `maxLength` tokens, including special ones. Throws `input-invalid` if `maxLength` cannot hold those.
 */
export function encodePair(
  a: ArrayLike<number>,
  b: ArrayLike<number> | undefined,
  vocab: Pick<Vocab, 'startId' | 'separatorId'>,
  maxLength: number,
  truncation: TextTruncation = 'longest-first'
): Encoding {
  const specials = b ? 3 : 2
  if (!Number.isInteger(maxLength) || maxLength < specials) {
    const wanted = `a whole number of at least ${specials}, the special tokens`
    throw new MatcherError('input-invalid', `The maximum length is ${maxLength}; it must be ${wanted}.`)
  }
  const lengthB = b ? b.length : 0
  const [keepA, keepB] = b
    ? keptLengths(a.length, lengthB, maxLength - specials)
    : [Math.min(a.length, maxLength - specials), 0]
  const tokenIds = new Int32Array(keepA + keepB + specials)
  const segmentIds = new Int32Array(tokenIds.length)
  tokenIds[0] = vocab.startId
  copyKept(a, keepA, truncation, tokenIds, 1)
  tokenIds[keepA + 1] = vocab.separatorId
  if (b) {
    copyKept(b, keepB, truncation, tokenIds, keepA + 2)
    tokenIds[tokenIds.length - 1] = vocab.separatorId
    segmentIds.fill(1, keepA + 2)
  }
  return { tokenIds, segmentIds, truncated: keepA < a.length || keepB < lengthB }
}

function copyKept(
  ids: ArrayLike<number>,
  keep: number,
  truncation: TextTruncation,
  out: Int32Array,
  offset: number
): void {
  const head = truncation === 'head-tail' && keep < ids.length ? Math.ceil(keep * HEAD_SHARE) : keep
  for (let i = 0; i < head; i++) out[offset + i] = ids[i]!
  for (let i = head; i < keep; i++) out[offset + i] = ids[ids.length - keep + i]!
}
