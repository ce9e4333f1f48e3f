import { setImmediate } from 'node:timers/promises'
import { createGroups } from './groups'

/** Rows of one block: two blocks of vectors 512 wide fit into the second-level cache. */
const BLOCK = 128

/**
 * Groups of near-duplicates among vectors [count, width] of length 1: two rows are in a group if their cosine is above
 * `least`, or if a chain of such pairs links them. Every pair is compared; `signal` stops the work. Groups of two and
 * more, members in order, by first member.
 */
export async function nearDuplicates(
  vectors: Float32Array,
  width: number,
  least: number,
  signal?: AbortSignal
): Promise<number[][]> {
  const count = vectors.length / width
  const groups = createGroups(count)
  const linkBlocks = (first: number, second: number): void => {
    for (let i = first; i < Math.min(first + BLOCK, count); i++) {
      for (let j = Math.max(second, i + 1); j < Math.min(second + BLOCK, count); j++)
        if (rowCosine(vectors, i, j, width) > least) groups.link(i, j)
    }
  }
  for (let first = 0; first < count; first += BLOCK) {
    await setImmediate() // lets signals arrive
    signal?.throwIfAborted()
    for (let second = first; second < count; second += BLOCK) linkBlocks(first, second)
  }
  return groups.list()
}

/** Of rows `i` and `j` of vectors [count, width] of length 1. */
export function rowCosine(vectors: Float32Array, i: number, j: number, width: number): number {
  let sum = 0
  for (let k = 0, a = i * width, b = j * width; k < width; k++) sum += vectors[a + k]! * vectors[b + k]!
  return sum
}

/** The cosine at which sigmoid(scale · cosine + offset) is the threshold. */
export function leastCosine(threshold: number, scale: number, offset: number): number {
  return (Math.log(threshold / (1 - threshold)) - offset) / scale
}
