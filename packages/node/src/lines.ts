import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { MatcherError } from '@sohu-match/core'
import { readError } from './system-errors'

/** A line of a file and its number, from 1. */
export interface NumberedLine {
  readonly text: string
  readonly number: number
}

/**
 * Streams the lines of a UTF-8 file that are not blank, as `linesOf` reads them. Throws `data-invalid` for a missing or empty file, for anything
 * that is not a regular file (a pipe would block the reader forever), and for bytes that are not UTF-8; `storage` if it cannot be read.
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

const NEWLINE = 0x0a
/** The first one drops a byte order mark. */
const FIRST_LINE = new TextDecoder('utf-8', { fatal: true })
const LATER_LINE = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Streams the lines of UTF-8 bytes, blank ones too, without a byte order mark before the first. Lines end at \n or \r\n only: U+2028, which
 * other readers split at, may occur in a JSON string. Each line is yielded as soon as its end has been read, and the time is linear in the
 * length of a line. Throws `data-invalid` naming `source` and the line for bytes that are not UTF-8.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<NumberedLine> {
  let parts: Uint8Array[] = []
  let number = 0
  const take = (): NumberedLine => {
    const line = { text: lineText(Buffer.concat(parts), source, ++number), number }
    parts = []
    return line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end))
      start = end + 1
      yield take()
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
  if (parts.length > 0) yield take()
}

function lineText(bytes: Uint8Array, source: string, number: number): string {
  try {
    const text = (number === 1 ? FIRST_LINE : LATER_LINE).decode(bytes)
    return text.endsWith('\r') ? text.slice(0, -1) : text
  } catch (cause) {
    throw new MatcherError(
      'data-invalid',
      `${source}:${number}: the line has bytes that are not UTF-8; save the file as UTF-8.`,
      { cause }
    )
  }
}

/** The bytes of a regular file in pieces. Throws `data-invalid` for anything else, `storage` if it cannot be read. */
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
