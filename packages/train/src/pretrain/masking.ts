import { MatcherError, type Vocab } from '@sohu-match/core'
import { createRandom } from '../data/random'
import { ROLE, type Sequences } from './sequences'

/** A padded batch with masked words and their labels. */
export interface MaskedBatch {
  readonly batch: number
  readonly seq: number
  /** `[batch, seq]`, row-major, with masked words replaced. */
  readonly tokenIds: Int32Array
  /** `[batch, seq]`; padding has segment 0. */
  readonly segmentIds: Int32Array
  /** Masked positions in the flattened batch, ascending: `[masked]`. */
  readonly places: Int32Array
  /** The original ids, `[masked]`. */
  readonly labels: Int32Array
  /** Tokens without padding. */
  readonly tokenCount: number
}

/** Of masked tokens, the shares replaced by [MASK] and by another token (BERT: arXiv:1810.04805, section 3.1). */
const BECOMES_MASK = 0.8
const BECOMES_RANDOM = 0.1

/**
 * Makes batches with whole-word masking (Cui et al. 2019, arXiv:1906.08101): each word with probability `rate`, at
 * least one per sequence; each of its tokens becomes [MASK], another token, or stays, 80/10/10. Deterministic in the
 * seeds. Throws `asset-corrupt` for a vocabulary without [MASK].
 */
export function createMasking(sequences: Sequences, vocab: Vocab, rate: number) {
  const maskId = vocab.ids.get('[MASK]')
  if (maskId === undefined)
    throw new MatcherError(
      'asset-corrupt',
      'The vocabulary has no [MASK], which pretraining hides words with; use one that has it.'
    )
  const ordinary = Int32Array.from(vocab.tokens.keys()).filter((id) => !/^\[.*\]$/.test(vocab.tokens[id]!))
  const { offsets, roles, tokenIds: ids, firstLengths } = sequences
  return (indices: Int32Array, ...seeds: readonly (number | string)[]): MaskedBatch => {
    const seq = indices.reduce((longest, i) => Math.max(longest, offsets[i + 1]! - offsets[i]!), 0)
    const tokenIds = new Int32Array(indices.length * seq)
    const segmentIds = new Int32Array(indices.length * seq)
    const places: number[] = []
    const labels: number[] = []
    let tokenCount = 0
    indices.forEach((index, row) => {
      const [begin, end] = [offsets[index]!, offsets[index + 1]!]
      const random = createRandom('masking', index, ...seeds)
      tokenIds.set(ids.subarray(begin, end), row * seq)
      segmentIds.fill(1, row * seq + firstLengths[index]!, row * seq + end - begin)
      tokenCount += end - begin
      for (const position of hiddenPositions(roles.subarray(begin, end), rate, random)) {
        const place = row * seq + position
        places.push(place)
        labels.push(tokenIds[place]!)
        const fate = random.next()
        if (fate < BECOMES_MASK) tokenIds[place] = maskId
        else if (fate < BECOMES_MASK + BECOMES_RANDOM) tokenIds[place] = ordinary[random.below(ordinary.length)]!
      }
    })
    return {
      batch: indices.length,
      seq,
      tokenIds,
      segmentIds,
      places: Int32Array.from(places),
      labels: Int32Array.from(labels),
      tokenCount
    }
  }
}

/** Ascending; at least one word if there are any. */
function hiddenPositions(roles: Uint8Array, rate: number, random: ReturnType<typeof createRandom>): number[] {
  const starts = Array.from(roles.keys()).filter((position) => roles[position] === ROLE.starts)
  const chosen = starts.filter(() => random.chance(rate))
  if (chosen.length === 0 && starts.length > 0) chosen.push(random.pick(starts))
  return chosen.flatMap((start) => {
    let end = start + 1
    while (end < roles.length && roles[end] === ROLE.continues) end++
    return Array.from({ length: end - start }, (_, i) => start + i)
  })
}
