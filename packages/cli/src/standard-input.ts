import { once } from 'node:events'
import { linesOf, readError } from '@sohu-match/node'

/** The bytes of the standard input. Throws `data-invalid` where it cannot be read. */
export async function* standardInput(): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of process.stdin) yield chunk as Uint8Array
  } catch (cause) {
    throw readError('the standard input', cause, 'data-invalid')
  }
}

/** The lines of the standard input, one text each, blank ones too. Throws `data-invalid`. */
export async function* standardTexts(): AsyncGenerator<string> {
  for await (const { text } of linesOf(standardInput(), 'the standard input')) yield text
}

/** Writes to the standard output and waits while whoever reads it is behind. */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
