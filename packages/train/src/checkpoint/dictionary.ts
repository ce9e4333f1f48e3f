import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSegmenter, openDictionary, segmentWords, type ModelConfig } from '@sohu-match/core'
import { originNotice, readBytes, readText, type Assets, type Origin } from '@sohu-match/node'
import { PRESETS } from '../presets'

/** The published package's own copy of the dictionary. */
const COPY = fileURLToPath(new URL('../dictionary/dictionary.bin', PRESETS))

/** The dictionary that the core package builds, and its license notice. Throws `asset-missing`. */
export async function bundledDictionary(): Promise<{ dictionary: Uint8Array; notice: string }> {
  const path = existsSync(COPY) ? COPY : createRequire(import.meta.url).resolve('@sohu-match/core/dictionary.bin')
  const [dictionary, notice] = await Promise.all([readBytes(path), readText(join(dirname(path), 'NOTICE'))])
  return { dictionary, notice }
}

/**
 * Files that go with a vocabulary: jieba's dictionary if the configuration uses words, and the notices of everything
 * that is the work of others, including the public weights that the network starts from.
 */
export async function ownAssets(
  { wordSegmentation }: Pick<ModelConfig, 'wordSegmentation'>,
  origin?: Origin
): Promise<Omit<Assets, 'vocab'>> {
  const { dictionary, notice } =
    wordSegmentation === 'jieba' ? await bundledDictionary() : { dictionary: undefined, notice: undefined }
  const notices = [notice, origin && originNotice(origin)].filter((text) => text !== undefined)
  return {
    ...(dictionary && { dictionary }),
    ...(origin && { origin }),
    notice: notices.length > 0 ? notices.join(`\n${'-'.repeat(80)}\n\n`) : 'Nothing in here is the work of others.\n'
  }
}

/** Segments a text into jieba's words, whatever a checkpoint's tokenizer does; for the lexical baseline. */
export async function jiebaWords(): Promise<(text: string) => string[]> {
  const segment = createSegmenter(openDictionary((await bundledDictionary()).dictionary))
  return (text) => segmentWords(segment, text)
}
