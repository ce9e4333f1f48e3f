import { shuffled } from './order'

export const SPLITS = ['train', 'valid', 'test'] as const

export type Split = (typeof SPLITS)[number]

/** Number of keys of each stratum for valid and test; others are for training. */
export interface Shares {
  readonly valid: number
  readonly test: number
}

/**
 * Assigns each key (a topic, a group of questions) to a split by hash within its stratum (field, domain), so that each
 * split has its share of every field.
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
