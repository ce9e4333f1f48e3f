import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { readBytes, readText } from '@sohu-match/node'

/** The bytes of the dictionary that the core package builds, and its licence notice. Throws `asset-missing`. */
export async function bundledDictionary(): Promise<{ dictionary: Uint8Array; notice: string }> {
  const path = createRequire(import.meta.url).resolve('@sohu-match/core/dictionary.bin')
  const [dictionary, notice] = await Promise.all([readBytes(path), readText(join(dirname(path), 'NOTICE'))])
  return { dictionary, notice }
}
