import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createSegmenter, openDictionary, segmentWords, type ModelConfig } from '@sohu-match/core'
import { readBytes, readText } from '@sohu-match/node'
import type { Assets } from './checkpoint'

/** The bytes of the dictionary that the core package builds, and its licence notice. Throws `asset-missing`. */
export async function bundledDictionary(): Promise<{ dictionary: Uint8Array; notice: string }> {
  const path = createRequire(import.meta.url).resolve('@sohu-match/core/dictionary.bin')
  const [dictionary, notice] = await Promise.all([readBytes(path), readText(join(dirname(path), 'NOTICE'))])
  return { dictionary, notice }
}

/** What this project brings for texts to be cut as a configuration says: jieba's dictionary with its notice, or nothing. */
export async function ownAssets({
  wordSegmentation
}: Pick<ModelConfig, 'wordSegmentation'>): Promise<Pick<Assets, 'dictionary' | 'notice'>> {
  return wordSegmentation === 'jieba' ? bundledDictionary() : { notice: 'Nothing in here is the work of others.\n' }
}

/** Cuts a text into the words of jieba, whatever a checkpoint's own tokenizer does: what the lexical baseline counts. */
export async function jiebaWords(): Promise<(text: string) => string[]> {
  const segment = createSegmenter(openDictionary((await bundledDictionary()).dictionary))
  return (text) => segmentWords(segment, text)
}
