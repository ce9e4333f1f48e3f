import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Example } from '@sohu-match/core'
import { storageError, writeFileAtomic } from '@sohu-match/node'
import type { Encodings } from './encode'

/** Part of every key. Increase it when the tokenizer or the file's layout changes, so that older files are ignored. */
const VERSION = 1
/** First word of a file ("SMEN"), also a check of byte order. */
const MAGIC = 0x4e454d53
const HEADER_WORDS = 4
const DIGEST_BYTES = 32

/** A hash (SHA-256, hex) of everything that the encoding depends on. */
export function encodingKey(
  examples: readonly Example[],
  vocabulary: readonly string[],
  dictionary: Uint8Array | undefined,
  { maxLength, separate }: { readonly maxLength: number; readonly separate: boolean }
): string {
  const form = separate ? [VERSION, maxLength, vocabulary, 'separate'] : [VERSION, maxLength, vocabulary]
  const hash = createHash('sha256').update(JSON.stringify(form))
  hash.update(
    createHash('sha256')
      .update(dictionary ?? '')
      .digest()
  )
  for (const { a, b } of examples) hash.update(JSON.stringify([a, b])) // JSON separates what concatenation would join
  return hash.digest('hex')
}

/**
 * Writes encodings whole or not at all. All 32-bit words, little-endian: magic, version, pairs, tokens; offsets, first lengths,
 * truncated, token ids; then the SHA-256 of everything before it. Throws `storage`.
 */
export async function writeEncodings(folder: string, key: string, encodings: Encodings): Promise<void> {
  const { tokenIds, offsets, firstLengths, truncated } = encodings
  const words = Int32Array.of(MAGIC, VERSION, firstLengths.length, tokenIds.length)
  const hash = createHash('sha256')
  const parts = [words, offsets, firstLengths, Int32Array.from(truncated), tokenIds].map(
    (part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
  )
  for (const part of parts) hash.update(part)
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw storageError('make the cache folder', folder, cause)
  }
  await writeFileAtomic(pathOf(folder, key), Buffer.concat([...parts, hash.digest()]))
}

/** Undefined if the file is missing, truncated or damaged, so that it is written again. */
export async function readEncodings(folder: string, key: string, pairs: number): Promise<Encodings | undefined> {
  const bytes = await readFile(pathOf(folder, key)).catch(() => undefined)
  if (!bytes || bytes.length < HEADER_WORDS * 4 + DIGEST_BYTES || bytes.length % 4 !== 0) return undefined
  const body = bytes.subarray(0, bytes.length - DIGEST_BYTES)
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(body.length))) return undefined
  const words = new Int32Array(Uint8Array.from(body).buffer) // copied: a pooled Buffer need not be aligned
  if (words[0] !== MAGIC || words[1] !== VERSION || words[2] !== pairs) return undefined
  let start = HEADER_WORDS
  const take = (length: number) => words.slice(start, (start += length))
  return {
    offsets: take(pairs + 1),
    firstLengths: take(pairs),
    truncated: Uint8Array.from(take(pairs)),
    tokenIds: take(words[3]!)
  }
}

function pathOf(folder: string, key: string): string {
  return join(folder, `pairs-${key.slice(0, 32)}.bin`)
}
