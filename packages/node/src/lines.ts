import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { MatcherError } from '@sohu-match/core'
import { readError } from './system-errors'

/** Numbers count from 1. */
export interface NumberedLine {
  readonly text: string
  readonly number: number
}

/**
 * Streams the non-blank lines of a UTF-8 file. Throws `data-invalid` for a missing or empty file, for anything but a
 * regular file (a pipe would block the reader forever), and for bytes that are not UTF-8; `storage` if it cannot be
 * read.
 */
export async function* linesOfFile(path: string): AsyncGenerator<NumberedLine> {
  let found = false
  for await (const line of linesOf(chunksOf(path), path)) {
    if (line.text.trim() === '') continue
    found = true
    yield line
  }
  if (!found) throw new MatcherError('data-invalid', `${path} is empty; it must hold at least one line.`)
}

/** An undecoded line without its line feed. Numbers count from 1. */
export interface RawLine {
  /** Undefined for a line above 256 MiB. */
  readonly bytes: Uint8Array | undefined
  readonly number: number
}

const NEWLINE = 0x0a
/** In bytes: a line must fit into a JavaScript string, and memory. */
const MAX_LINE = 2 ** 28
/** Drops a byte order mark. */
const FIRST_LINE = new TextDecoder('utf-8', { fatal: true })
const LATER_LINE = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Streams the lines of UTF-8 bytes, including blank ones, without a byte order mark. Lines end only at LF or CRLF:
 * U+2028, at which other readers split, may occur in a JSON string. Each line is yielded as soon as its end has been
 * read, in linear time. Throws `data-invalid` naming `source` and the line for bytes that are not UTF-8 and for a line
 * above 256 MiB.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<NumberedLine> {
  for await (const line of rawLinesOf(chunks))
    yield { text: decodeLine(line, `${source}:${line.number}`), number: line.number }
}

/** Undecoded lines, for a reader that continues after one that cannot be decoded. */
export async function* rawLinesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawLine> {
  let parts: Uint8Array[] = []
  let length = 0
  let number = 0
  const add = (part: Uint8Array): void => {
    length += part.length
    if (length <= MAX_LINE) parts.push(part) // of a longer line only the length is needed
  }
  const take = (): RawLine => {
    const bytes = length > MAX_LINE ? undefined : parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    parts = []
    length = 0
    return { bytes, number: ++number }
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      start = end + 1
      yield take()
    }
    if (start < chunk.length) add(chunk.subarray(start))
  }
  if (length > 0) yield take()
}

/** Drops a carriage return at the end. Throws `data-invalid`, beginning with `place`. */
export function decodeLine({ bytes, number }: RawLine, place: string): string {
  if (!bytes)
    throw new MatcherError('data-invalid', `${place}: the line is longer than ${MAX_LINE / 2 ** 20} MiB; split it.`)
  try {
    const text = (number === 1 ? FIRST_LINE : LATER_LINE).decode(bytes)
    return text.endsWith('\r') ? text.slice(0, -1) : text
  } catch (cause) {
    throw new MatcherError('data-invalid', `${place}: the line has bytes that are not UTF-8; save the file as UTF-8.`, {
      cause
    })
  }
}

/** Throws `data-invalid` for anything but a regular file, `storage` if it cannot be read. */
export async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    const stats = await stat(path)
    if (!stats.isFile() && !stats.isDirectory())
      throw new MatcherError('data-invalid', `${path} is not a regular file; write its content to a file first.`)
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Uint8Array
  } catch (cause) {
    throw readError(path, cause, 'data-invalid')
  }
}
