import { setImmediate as nextTurn } from 'node:timers/promises'
import { MatcherError } from '@sohu-match/sdk-node'
import { createGroups } from './groups'
import { rowCosine } from './near-duplicates'

/** Rows added, or looked up, between two turns of the event loop. */
const CHUNK = 1_000

/** Nearest rows to compare with each row; larger groups are found through chains of their members. */
const NEIGHBORS = 16

/**
 * `nearDuplicates` for many rows, with a hierarchical navigable small world index (HNSW, arXiv:1603.09320; usearch):
 * each row is compared only with its nearest rows, so pairs can be missed, but none below `least` is linked. Rejects
 * with the signal's reason, and with `config-invalid` if usearch has no build for this system.
 */
export async function indexedDuplicates(
  vectors: Float32Array,
  width: number,
  least: number,
  signal?: AbortSignal
): Promise<number[][]> {
  const { Index, MetricKind, ScalarKind } = await loadUsearch()
  const count = vectors.length / width
  const index = new Index({
    dimensions: width,
    metric: MetricKind.IP,
    quantization: ScalarKind.I8, // finds the same neighbors as float32 in a quarter of the time; the cosines are exact
    connectivity: 16,
    expansion_add: 128,
    expansion_search: 64,
    multi: false
  })
  const groups = createGroups(count)

  async function inChunks(work: (from: number, to: number, rows: Float32Array) => void): Promise<void> {
    for (let from = 0; from < count; from += CHUNK) {
      await nextTurn() // lets signals arrive
      if (signal?.aborted) throw signal.reason
      const to = Math.min(from + CHUNK, count)
      work(from, to, vectors.subarray(from * width, to * width))
    }
  }

  await inChunks((from, to, rows) =>
    index.add(
      BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i)),
      rows
    )
  )
  await inChunks((from, to, rows) => {
    const { keys } = index.search(rows, NEIGHBORS, 0)
    for (let i = from; i < to; i++) {
      for (const key of keys.subarray((i - from) * NEIGHBORS, (i - from + 1) * NEIGHBORS)) {
        const j = Number(key)
        if (j !== i && rowCosine(vectors, i, j, width) > least) groups.link(i, j)
      }
    }
  })
  return groups.list()
}

async function loadUsearch(): Promise<typeof import('usearch')> {
  try {
    return await import('usearch')
  } catch (cause) {
    throw new MatcherError(
      'config-invalid',
      `The index for many texts, usearch, cannot be loaded on this system (${(cause as Error).message}); use --exact, which compares every pair.`,
      { cause }
    )
  }
}
