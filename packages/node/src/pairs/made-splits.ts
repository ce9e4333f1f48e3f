import { createHash } from 'node:crypto'
import type { Example } from '@sohu-match/core'
import type { SplitName } from '../dataset'

/** Splits made of pairs without any. */
export interface MadeSplits {
  /** The split of each pair. */
  readonly splits: readonly SplitName[]
  /** False if the texts are too connected to be kept on one side. */
  readonly disjoint: boolean
}

/** Minimum and maximum pairs of a made split, and its share between them; never more than `MOST_SHARE` of all. */
const [LEAST, MOST, SHARE, MOST_SHARE] = [200, 5000, 0.1, 0.2]
/** Largest group that may go to valid or test, as a share of the pairs wanted there. */
const LARGEST_GROUP = 0.1

/**
 * Takes the requested splits (`valid`, `test`) out of labeled pairs; the rest is `train`. Pairs that share a text,
 * ignoring punctuation and case, stay together, and the share of matches is that of all pairs. The order is by SHA-256
 * of the texts: the same pairs are always divided alike, in any file.
 */
export function makeSplits(pairs: readonly Example[], wanted: readonly ('valid' | 'test')[]): MadeSplits {
  const size = splitSize(pairs.length)
  const together = assign(pairs, connectedPairs(pairs), wanted, size)
  const enough = wanted.every((split) => together.filter((name) => name === split).length >= size / 2)
  if (enough) return { splits: together, disjoint: true }
  return { splits: assign(pairs, equalPairs(pairs), wanted, size), disjoint: false }
}

/**
 * The fold of each pair, 0 to `folds - 1`, as equal as pairs that share a text let them be; where the texts are so connected that a fold would
 * be too large, only pairs of the same two texts stay together. Independent of the order of the pairs.
 */
export function makeFolds(pairs: readonly Example[], folds: number): number[] {
  const connected = connectedPairs(pairs)
  const largest = connected.reduce((most, { length }) => Math.max(most, length), 0)
  const groups = largest > pairs.length / folds ? equalPairs(pairs) : connected
  const result = new Array<number>(pairs.length).fill(0)
  const sizes = new Array<number>(folds).fill(0)
  for (const group of inHashOrder(pairs, groups)) {
    const fold = sizes.indexOf(Math.min(...sizes))
    sizes[fold]! += group.length
    for (const i of group) result[i] = fold
  }
  return result
}

/** For comparison: letters and digits only, in lower case. */
export function comparable(text: string): string {
  const letters = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
  return letters === '' ? text : letters
}

function splitSize(pairs: number): number {
  return Math.round(Math.min(Math.max(LEAST, Math.min(MOST, SHARE * pairs)), MOST_SHARE * pairs))
}

/** Assigns groups, by their hashes, to the first split that still lacks pairs of their labels; others go to train. */
function assign(
  pairs: readonly Example[],
  groups: readonly (readonly number[])[],
  wanted: readonly ('valid' | 'test')[],
  size: number
): SplitName[] {
  const positives = pairs.filter(({ label }) => label === 1).length
  const share = (size * positives) / pairs.length
  const lacking = new Map(wanted.map((split) => [split, [Math.round(size - share), Math.round(share)] as const]))
  const splits = new Array<SplitName>(pairs.length).fill('train')
  for (const group of inHashOrder(pairs, groups)) {
    if (group.length > Math.max(1, LARGEST_GROUP * size)) continue
    const matches = group.filter((i) => pairs[i]!.label === 1).length
    for (const [split, [no, yes]] of lacking) {
      if (matches > yes || group.length - matches > no) continue
      lacking.set(split, [no - (group.length - matches), yes - matches])
      for (const i of group) splits[i] = split
      break
    }
  }
  return splits
}

function inHashOrder(pairs: readonly Example[], groups: readonly (readonly number[])[]): (readonly number[])[] {
  const hashes = pairs.map(({ a, b }) =>
    createHash('sha256')
      .update(JSON.stringify([a, b]))
      .digest('hex')
  )
  const first = (group: readonly number[]): string =>
    group.reduce((least, i) => (hashes[i]! < least ? hashes[i]! : least), 'g')
  return groups
    .map((group) => ({ group, hash: first(group) }))
    .sort((one, other) => (one.hash < other.hash ? -1 : 1))
    .map(({ group }) => group)
}

/** Components of the graph of texts (nodes) and pairs (edges), as indices of pairs. */
function connectedPairs(pairs: readonly Example[]): number[][] {
  const parent = new Map<string, string>()
  const rootOf = (text: string): string => {
    let root = text
    while (parent.get(root) !== undefined) root = parent.get(root)!
    for (let at = text; at !== root;) {
      const next = parent.get(at)!
      parent.set(at, root)
      at = next
    }
    return root
  }
  const texts = pairs.map(({ a, b }) => [comparable(a), comparable(b!)] as const) // files of pairs have two texts
  for (const [a, b] of texts) {
    const [one, other] = [rootOf(a), rootOf(b)]
    if (one !== other) parent.set(one, other)
  }
  return groupedBy(texts.map(([a]) => rootOf(a)))
}

/** Pairs of the same two texts, as indices. */
function equalPairs(pairs: readonly Example[]): number[][] {
  return groupedBy(pairs.map(({ a, b }) => JSON.stringify([comparable(a), comparable(b!)].sort())))
}

function groupedBy(keys: readonly string[]): number[][] {
  const groups = new Map<string, number[]>()
  for (const [i, key] of keys.entries()) {
    const group = groups.get(key)
    if (group) group.push(i)
    else groups.set(key, [i])
  }
  return [...groups.values()]
}
