import { setImmediate } from 'node:timers/promises'
import { keptLengths, type Tokenizer } from '@sohu-match/core'

/** The role of a token in whole-word masking. */
export const ROLE = { special: 0, starts: 1, continues: 2 } as const

export interface Sequences {
  /** `[CLS] text [SEP]`, or `[CLS] a [SEP] b [SEP]`, of sequence i from `offsets[i]` to `offsets[i + 1]`. */
  readonly tokenIds: Int32Array
  /** A `ROLE` for each token. */
  readonly roles: Uint8Array
  /** `[sequences + 1]`. */
  readonly offsets: Int32Array
  /** Tokens of segment 0, `[sequences]`. */
  readonly firstLengths: Int32Array
}

/** A single text, or two that are read together. */
export type TextUnit = readonly [text: string, second?: string]

interface Tokens {
  readonly ids: readonly number[]
  readonly roles: readonly number[]
}

/** Units between two turns of the event loop. */
const SLICE = 500

/**
 * Tokenizes texts word by word, so that masking can take whole words. A single text that is too long becomes several
 * sequences; of two, the longer is truncated, as in fine-tuning. Texts without tokens are skipped.
 */
export async function encodeSequences(
  units: readonly TextUnit[],
  tokenizer: Tokenizer,
  maxLength: number,
  onProgress?: (done: number, total: number) => void
): Promise<Sequences> {
  const tokensOf = wordTokenizer(tokenizer)
  const { startId, separatorId } = tokenizer.vocab
  const ids: number[] = []
  const roles: number[] = []
  const offsets = [0]
  const firstLengths: number[] = []
  const add = (parts: readonly Tokens[]): void => {
    push(ids, roles, startId)
    parts.forEach((part, index) => {
      for (const id of part.ids) ids.push(id)
      for (const role of part.roles) roles.push(role)
      push(ids, roles, separatorId)
      if (index === 0) firstLengths.push(ids.length - offsets.at(-1)!)
    })
    offsets.push(ids.length)
  }
  for (const [i, [text, second]] of units.entries()) {
    if (i % SLICE === 0) {
      onProgress?.(i, units.length)
      await setImmediate()
    }
    const first = tokensOf(text)
    if (second === undefined) for (const part of pieces(first, maxLength - 2)) add([part])
    else add(fitted(first, tokensOf(second), maxLength - 3))
  }
  onProgress?.(units.length, units.length)
  return {
    tokenIds: Int32Array.from(ids),
    roles: Uint8Array.from(roles),
    offsets: Int32Array.from(offsets),
    firstLengths: Int32Array.from(firstLengths)
  }
}

/** Tokens of each sequence, `[sequences]`. */
export function sequenceLengths({ offsets }: Sequences): Int32Array {
  return Int32Array.from({ length: offsets.length - 1 }, (_, i) => offsets[i + 1]! - offsets[i]!)
}

function push(ids: number[], roles: number[], id: number): void {
  ids.push(id)
  roles.push(ROLE.special)
}

/** Caches the ids of words, since most recur. */
function wordTokenizer(tokenizer: Tokenizer): (text: string) => Tokens {
  const known = new Map<string, Int32Array>()
  return (text) => {
    const ids: number[] = []
    const roles: number[] = []
    for (const word of tokenizer.words(text)) {
      const wordIds = known.get(word) ?? tokenizer.ids(word)
      known.set(word, wordIds)
      wordIds.forEach((id, i) => {
        ids.push(id)
        roles.push(i === 0 ? ROLE.starts : ROLE.continues)
      })
    }
    return { ids, roles }
  }
}

/** Parts of at most `length` tokens; a word that would be cut starts the next part. */
function* pieces({ ids, roles }: Tokens, length: number): Generator<Tokens> {
  for (let start = 0; start < ids.length; start += length) {
    yield {
      ids: ids.slice(start, start + length),
      roles: roles.slice(start, start + length).map((role, i) => (i === 0 ? ROLE.starts : role))
    }
  }
}

function fitted(a: Tokens, b: Tokens, budget: number): Tokens[] {
  const [keepA, keepB] = keptLengths(a.ids.length, b.ids.length, budget)
  return [[a, keepA] as const, [b, keepB] as const].map(([{ ids, roles }, keep]) => ({
    ids: ids.slice(0, keep),
    roles: roles.slice(0, keep)
  }))
}
