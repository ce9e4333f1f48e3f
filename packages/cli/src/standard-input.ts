import { once } from 'node:events'
import { linesOf, readError } from '@sohu-match/node'

/** Throws `data-invalid` if standard input cannot be read. */
export async function* standardInput(): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of process.stdin) yield chunk as Uint8Array
  } catch (cause) {
    throw readError('the standard input', cause, 'data-invalid')
  }
}

/** One text per line, including blank lines. Throws `data-invalid`. */
export async function* standardTexts(): AsyncGenerator<string> {
  for await (const { text } of linesOf(standardInput(), 'the standard input')) yield text
}

/** Writes to standard output, and waits while its reader is behind. */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
