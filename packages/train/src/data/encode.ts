import { setImmediate } from 'node:timers/promises'
import type { Example, Tokenizer } from '@sohu-match/core'
import { encodingKey, readEncodings, writeEncodings } from './encode-cache'

/** What the tokenizer made of pairs, one after another: all that is cached. */
export interface Encodings {
  /** `[CLS] a [SEP] b [SEP]` of pair i, or `[CLS] a [SEP] [CLS] b [SEP]` where texts are read alone, from `offsets[i]` to `offsets[i + 1]`. */
  readonly tokenIds: Int32Array
  /** `[pairs + 1]`. */
  readonly offsets: Int32Array
  /** Tokens of `[CLS] a [SEP]`, `[pairs]`: those of segment 0. */
  readonly firstLengths: Int32Array
  /** 1 where tokens were left out to keep within the maximum length, `[pairs]`. */
  readonly truncated: Uint8Array
}

/** Encoded pairs with their tasks and labels. */
export interface EncodedPairs extends Encodings {
  /** `[pairs]`. */
  readonly taskIds: Int32Array
  /** 0, 1, or -1 where there is none, `[pairs]`. */
  readonly labels: Int8Array
  /** What the two texts of each pair are about, as numbers, or -1 where the data do not say, `[pairs, 2]`; absent where they never do. */
  readonly keys?: Int32Array
}

/** Options of `encodeExamples`. */
export interface EncodeExamplesOptions {
  /** Tokens that a pair, or each text read alone, is cut to. */
  readonly maxLength: number
  /** True where each text is read alone, by a bi-encoder. */
  readonly separate?: boolean
  /**
   * Keeps the result in a folder (made if missing), under a hash of all that it depends on: `dictionary` is the bytes the tokenizer was
   * made from.
   */
  readonly cache?: { readonly folder: string; readonly dictionary: Uint8Array | undefined }
  /** Called about every 500 pairs and at the end; `cached` when the result came from the cache. */
  readonly onProgress?: (progress: EncodeProgress) => void
  readonly signal?: AbortSignal
}

/** How far `encodeExamples` is, in pairs. */
export interface EncodeProgress {
  readonly done: number
  readonly total: number
  readonly cached: boolean
}

/** Pairs between two looks at the signal and at the event loop. */
const SLICE = 500

/**
 * Encodes pairs once, into compact arrays, or takes them from the cache. A damaged cache file is made anew. Throws `input-invalid` for
 * a maximum length that cannot hold the special tokens, `storage` if the cache cannot be written, and the signal's reason when aborted.
 */
export async function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  options: EncodeExamplesOptions
): Promise<EncodedPairs> {
  const { maxLength, separate = false, cache, onProgress } = options
  const key = cache && encodingKey(examples, tokenizer.vocab.tokens, cache.dictionary, { maxLength, separate })
  const kept = cache && (await readEncodings(cache.folder, key!, examples.length))
  const encodings = kept ?? (await encodeAll(examples, tokenizer, options))
  if (cache && !kept) await writeEncodings(cache.folder, key!, encodings)
  onProgress?.({ done: examples.length, total: examples.length, cached: kept !== undefined })
  return {
    ...encodings,
    taskIds: Int32Array.from(examples, (example) => example.task),
    labels: Int8Array.from(examples, (example) => example.label ?? -1),
    ...(examples.some(({ keys }) => keys) && { keys: numberedKeys(examples) })
  }
}

/** The keys of the texts of each pair as numbers in order of appearance, -1 where a pair has none. */
function numberedKeys(examples: readonly Example[]): Int32Array {
  const numbers = new Map<string, number>()
  const numberOf = (key: string): number => {
    if (!numbers.has(key)) numbers.set(key, numbers.size)
    return numbers.get(key)!
  }
  return Int32Array.from(examples.flatMap(({ keys }) => (keys ? keys.map(numberOf) : [-1, -1])))
}

async function encodeAll(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  { maxLength, separate, onProgress, signal }: EncodeExamplesOptions
): Promise<Encodings> {
  const offsets = new Int32Array(examples.length + 1)
  const firstLengths = new Int32Array(examples.length)
  const truncated = new Uint8Array(examples.length)
  let tokenIds = new Int32Array(examples.length * 64)
  for (const [i, { a, b }] of examples.entries()) {
    if (i % SLICE === 0 && i > 0) {
      onProgress?.({ done: i, total: examples.length, cached: false })
      await setImmediate()
      signal?.throwIfAborted()
    }
    const parts = separate
      ? [tokenizer.encode(a, undefined, maxLength), tokenizer.encode(b, undefined, maxLength)]
      : [tokenizer.encode(a, b, maxLength)]
    let end = offsets[i]!
    for (const part of parts) {
      const start = end
      end += part.tokenIds.length
      if (end > tokenIds.length) tokenIds = grown(tokenIds, Math.max(end, tokenIds.length * 2))
      tokenIds.set(part.tokenIds, start)
    }
    offsets[i + 1] = end
    firstLengths[i] = separate ? parts[0]!.tokenIds.length : parts[0]!.segmentIds.indexOf(1)
    truncated[i] = parts.some((part) => part.truncated) ? 1 : 0
  }
  return { tokenIds: tokenIds.slice(0, offsets[examples.length]), offsets, firstLengths, truncated }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length)
  larger.set(array)
  return larger
}

/** Tokens of each pair, `[pairs]`. */
export function pairLengths({ offsets }: Encodings): Int32Array {
  return Int32Array.from({ length: offsets.length - 1 }, (_, i) => offsets[i + 1]! - offsets[i]!)
}
