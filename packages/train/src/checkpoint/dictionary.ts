import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createSegmenter, openDictionary, segmentWords, type ModelConfig } from '@sohu-match/core'
import { readBytes, readText } from '@sohu-match/node'
import { originNotice, type Origin } from '../pretrained/origin'
import type { Assets } from './checkpoint'

/** The bytes of the dictionary that the core package builds, and its licence notice. Throws `asset-missing`. */
export async function bundledDictionary(): Promise<{ dictionary: Uint8Array; notice: string }> {
  const path = createRequire(import.meta.url).resolve('@sohu-match/core/dictionary.bin')
  const [dictionary, notice] = await Promise.all([readBytes(path), readText(join(dirname(path), 'NOTICE'))])
  return { dictionary, notice }
}

/**
 * What goes with a network beside its vocabulary: jieba's dictionary where the configuration wants words, and the notices of all that is
 * the work of others, the public weights it starts from among them.
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

/** Cuts a text into the words of jieba, whatever a checkpoint's own tokenizer does: what the lexical baseline counts. */
export async function jiebaWords(): Promise<(text: string) => string[]> {
  const segment = createSegmenter(openDictionary((await bundledDictionary()).dictionary))
  return (text) => segmentWords(segment, text)
}
