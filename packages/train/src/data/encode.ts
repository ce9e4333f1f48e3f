import { setImmediate } from 'node:timers/promises'
import type { Example, ModelConfig, Target, Tokenizer } from '@sohu-match/core'
import { encodingKey, readEncodings, writeEncodings } from './encode-cache'

/** Token ids of pairs, one after another; this is what the cache holds. */
export interface Encodings {
  /** `[CLS] a [SEP] b [SEP]` (`[CLS] a [SEP] [CLS] b [SEP]` for bi-encoders, `[CLS] a [SEP]` of a single text) from `offsets[i]` to `offsets[i + 1]`. */
  readonly tokenIds: Int32Array
  /** `[pairs + 1]`. */
  readonly offsets: Int32Array
  /** Tokens of `[CLS] a [SEP]`, `[pairs]`: those of segment 0, all of a text without another. */
  readonly firstLengths: Int32Array
  /** 1 if tokens were cut to stay within the maximum length, `[pairs]`. */
  readonly truncated: Uint8Array
}

export interface EncodedPairs extends Encodings {
  /** `[pairs]`. */
  readonly taskIds: Int32Array
  /** 0, 1, or -1 for none, `[pairs]`. */
  readonly labels: Int8Array
  /** What is true of the pairs of tasks with labels or a score, `[pairs]`; absent where no pair has such a task. */
  readonly targets?: readonly (Target | undefined)[]
  /** Keys of the two texts of each pair as numbers, -1 for none, `[pairs, 2]`; absent if no text has one. */
  readonly keys?: Int32Array
}

export interface EncodeExamplesOptions {
  /** Maximum tokens of a pair, or of each text of a bi-encoder. */
  readonly maxLength: number
  /** A bi-encoder reads each text by itself. Default: `cross-encoder`. */
  readonly architecture?: ModelConfig['architecture']
  /** Caches the result in a folder, under a hash of everything it depends on, the tokenizer's dictionary included. */
  readonly cache?: { readonly folder: string; readonly dictionary: Uint8Array | undefined }
  /** In pairs, about every 500 and at the end. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Pairs between two turns of the event loop. */
const SLICE = 500

/**
 * Reads pairs from the cache or encodes them; a damaged cache file is replaced. Throws `input-invalid` for a maximum
 * length that cannot hold the special tokens, `storage` if the cache cannot be written.
 */
export async function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  options: EncodeExamplesOptions
): Promise<EncodedPairs> {
  const { maxLength, architecture, cache, onProgress } = options
  const separate = architecture === 'bi-encoder'
  const key = cache && encodingKey(examples, tokenizer.vocab.tokens, cache.dictionary, { maxLength, separate })
  const kept = cache && (await readEncodings(cache.folder, key!, examples.length))
  const encodings = kept ?? (await encodeAll(examples, tokenizer, { maxLength, separate, onProgress }))
  if (cache && !kept) await writeEncodings(cache.folder, key!, encodings)
  onProgress?.(examples.length, examples.length)
  return {
    ...encodings,
    taskIds: Int32Array.from(examples, (example) => example.task),
    labels: Int8Array.from(examples, (example) => example.label ?? -1),
    ...(examples.some(({ target }) => target) && { targets: examples.map(({ target }) => target) }),
    ...(examples.some(({ keys }) => keys) && { keys: numberedKeys(examples) })
  }
}

/** In order of appearance; -1 if a pair has none. */
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
  form: { maxLength: number; separate: boolean; onProgress: EncodeExamplesOptions['onProgress'] }
): Promise<Encodings> {
  const { maxLength, separate, onProgress } = form
  const offsets = new Int32Array(examples.length + 1)
  const firstLengths = new Int32Array(examples.length)
  const truncated = new Uint8Array(examples.length)
  let tokenIds = new Int32Array(examples.length * 64)
  for (const [i, { a, b }] of examples.entries()) {
    if (i % SLICE === 0 && i > 0) {
      onProgress?.(i, examples.length)
      await setImmediate()
    }
    const parts =
      separate && b !== undefined
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
    firstLengths[i] = separate || b === undefined ? parts[0]!.tokenIds.length : parts[0]!.segmentIds.indexOf(1)
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
