import type { Vocab } from '@sohu-match/core'
import type { EncodedPairs } from './encode'
import { inverseFrequencies, wordTokens } from './overlap'
import { createRandom } from './random'

/** A word counts as a name if fewer than this share of the training texts have it. */
const RARE = 0.01

/** Width in nats of the band of inverse document frequencies within which one word can replace another. */
const BAND = 0.5

/** Returns a pair's tokens with some words renamed, or the tokens themselves. */
export type Rename = (tokens: Int32Array, pair: number, epoch: number) => Int32Array

/**
 * Renames rare words of training pairs: each distinct one becomes, with probability `share`, another word about as
 * rare, the same one wherever it occurs in both texts. Words that both texts share are still shared; which words they
 * are changes, so the network learns to compare words that it has rarely or never seen. If few words are as rare, two
 * words of a pair may get the same name by chance. Deterministic in seed, epoch and pair.
 */
export function renamer(
  pairs: EncodedPairs,
  vocab: Vocab,
  { share, seed }: { readonly share: number; readonly seed: number }
): Rename {
  if (share === 0) return (tokens) => tokens
  const bands = bandsOf(pairs, vocab)
  return (tokens, pair, epoch) => {
    const random = createRandom('rename', seed, epoch, pair)
    const names = new Map<number, number>()
    return tokens.map((id) => {
      const band = bands[id]
      if (!band) return id
      if (!names.has(id)) names.set(id, random.chance(share) ? random.pick(band) : id)
      return names.get(id)!
    })
  }
}

/** By id, the words that may replace a rare word, itself included. Continuations (`##`) only replace each other. */
function bandsOf(pairs: EncodedPairs, vocab: Vocab): readonly (readonly number[] | undefined)[] {
  const isWord = wordTokens(vocab)
  const idf = inverseFrequencies(pairs, vocab.tokens.length)
  const rarest = Math.log(1 / RARE) + 1
  const bands = new Map<string, number[]>()
  return vocab.tokens.map((token, id) => {
    if (!isWord[id] || idf[id]! < rarest) return undefined
    const key = `${token.startsWith('##')} ${Math.floor(idf[id]! / BAND)}`
    const band = bands.get(key) ?? []
    bands.set(key, band)
    band.push(id)
    return band
  })
}
