import { createReadStream } from 'node:fs'
import { MatcherError } from '@sohu-match/core'
import { readError } from './system-errors'

/** A line of a file and its number, from 1. */
export interface NumberedLine {
  readonly text: string
  readonly number: number
}

/**
 * Streams the lines of a UTF-8 file that are not blank. Lines end at \n or \r\n only: U+2028, which other readers split at, may stand in a JSON
 * string. Throws `data-invalid` for a missing or empty file and for bytes that are not UTF-8 (naming the line), `storage` if it cannot be read.
 */
export async function* linesOfFile(path: string): AsyncGenerator<NumberedLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let number = 0
  let found = false
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch (cause) {
      throw new MatcherError(
        'data-invalid',
        `${path}: near line ${number + 1} there are bytes that are not UTF-8; save the file as UTF-8.`,
        { cause }
      )
    }
  }
  for await (const chunk of chunksOf(path)) {
    const lines = (rest + decode(chunk)).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      number++
      if (line.trim() === '') continue
      found = true
      yield { text: line.endsWith('\r') ? line.slice(0, -1) : line, number }
    }
  }
  rest += decode()
  if (rest.trim() !== '') yield { text: rest, number: number + 1 }
  else if (!found) throw new MatcherError('data-invalid', `${path} is empty; it must hold at least one line.`)
}

/** The bytes of a file in pieces, with the failures of the disk as errors of ours. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Uint8Array
  } catch (cause) {
    throw readError(path, cause, 'data-invalid')
  }
}
