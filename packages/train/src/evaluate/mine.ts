import { MatcherError, type Example } from '@sohu-match/core'
import type { EncodedPairs } from '../data/encode'
import { distinctTexts, type DistinctTexts } from '../data/text-batch'
import { tf } from '../tfjs'
import { textVectors, type PairNetwork } from './predict'

/** Number of texts whose cosines to all candidates are in memory at once. */
const BLOCK = 256

/**
 * Hard negatives by a bi-encoder's own vectors (Xiong et al. 2021, arXiv:2007.00808): for each pair of the batches, the
 * `count` texts of its task, among the batches' texts, that are nearest to its first text and have another key. Returns
 * places (`2 * pair + side`), `[all pairs, count]`, row-major; -1 for none.
 */
export async function mineNegatives(
  network: PairNetwork,
  pairs: EncodedPairs,
  batches: readonly Int32Array[],
  count: number
): Promise<number[]> {
  const shown = Int32Array.from(batches.flatMap((batch) => [...batch])).sort()
  const texts = distinctTexts(pairs, shown)
  const nearest = nearestOthers(texts, await textVectors(network, texts), network.width, count)
  const mined = new Array<number>(pairs.labels.length * count).fill(-1)
  shown.forEach((pair, i) => {
    nearest[texts.a[i]!]!.forEach((row, rank) => (mined[pair * count + rank] = texts.places[row]!))
  })
  return mined
}

/** Throws `config-invalid` if negatives are to be mined and the data have no keys. */
export function requireKeys(minedNegatives: number, examples: readonly Example[]): void {
  if (minedNegatives === 0 || examples.some(({ keys }) => keys)) return
  throw new MatcherError(
    'config-invalid',
    'mined_negatives needs to know what the texts are about: name aKey and bKey in the fields of dataset.json, or set it to 0.'
  )
}

/** The places that join a batch of the pairs at `indices`, from the result of `mineNegatives`. */
export function negativesOf(indices: Int32Array, mined: readonly number[], count: number): number[] {
  if (mined.length === 0) return []
  return [...indices].flatMap((pair) => mined.slice(pair * count, (pair + 1) * count)).filter((place) => place >= 0)
}

/** Rows of the `count` texts of its task and another key nearest to each text, nearest first; none without a key. */
function nearestOthers(texts: DistinctTexts, vectors: Float32Array, width: number, count: number): number[][] {
  const nearest: number[][] = texts.tokens.map(() => [])
  const rows = [...nearest.keys()].filter((row) => texts.keys[row]! >= 0)
  for (const task of new Set(rows.map((row) => texts.taskIds[row]!))) {
    const members = rows.filter((row) => texts.taskIds[row] === task)
    for (let start = 0; start < members.length; start += BLOCK) {
      const block = members.slice(start, start + BLOCK)
      const cosines = products(vectors, width, block, members)
      block.forEach((row, i) => {
        const cosineOf = (j: number): number => cosines[i * members.length + j]!
        const others = [...members.keys()].filter((j) => texts.keys[members[j]!] !== texts.keys[row])
        nearest[row] = best(others, cosineOf, count).map((j) => members[j]!)
      })
    }
  }
  return nearest
}

/** `[block, members]`, row-major. */
function products(
  vectors: Float32Array,
  width: number,
  block: readonly number[],
  members: readonly number[]
): Float32Array {
  const matrix = (rows: readonly number[]) => {
    const values = new Float32Array(rows.length * width)
    rows.forEach((row, i) => values.set(vectors.subarray(row * width, (row + 1) * width), i * width))
    return tf.tensor2d(values, [rows.length, width])
  }
  return tf.tidy(() => tf.matMul(matrix(block), matrix(members), false, true).dataSync() as Float32Array)
}

/** The `count` items with the largest values, the largest first; ties in order. */
function best(items: readonly number[], valueOf: (item: number) => number, count: number): number[] {
  const kept: number[] = []
  for (const item of items) {
    if (kept.length === count && valueOf(item) <= valueOf(kept[count - 1]!)) continue
    const place = kept.findIndex((other) => valueOf(item) > valueOf(other))
    kept.splice(place < 0 ? kept.length : place, 0, item)
    kept.length = Math.min(kept.length, count)
  }
  return kept
}
