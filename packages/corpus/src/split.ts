import { shuffled } from './order'

/** The parts of the corpus. */
export const SPLITS = ['train', 'valid', 'test'] as const

/** A part of the corpus. */
export type Split = (typeof SPLITS)[number]

/** How many keys of each stratum go to valid and test; the others are for training. */
export interface Shares {
  readonly valid: number
  readonly test: number
}

/**
 * Gives each key (a topic, a group of questions) to one split: within every stratum (field, domain) by hash, so that each split has
 * its share of every field and near topics of a field stand in all of them.
 */
export function splitKeys(strata: ReadonlyMap<string, readonly string[]>, { valid, test }: Shares, seed: string) {
  const splits = new Map<string, Split>()
  for (const keys of strata.values()) {
    shuffled(keys, `${seed} split`, (key) => key).forEach((key, i) => {
      splits.set(key, i < valid ? 'valid' : i < valid + test ? 'test' : 'train')
    })
  }
  return splits
}
