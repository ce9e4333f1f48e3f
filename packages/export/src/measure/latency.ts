import { performance } from 'node:perf_hooks'
import type { Batch } from '@sohu-match/core'
import type { GraphRunner } from '../session'

/** Rows x tokens. */
export const LATENCY_SHAPES = [
  [1, 64],
  [1, 256],
  [1, 512],
  [8, 128]
] as const

/** Median milliseconds of each graph, by shape name. */
export type Latencies = Readonly<Record<string, readonly number[]>>

/** Runs of each graph per shape; the first is warm-up. */
const ROUNDS = 8

/** Alternates between graphs, so that a slow phase affects all of them. `vocabSize` bounds the random ids. */
export async function measureLatencies(
  graphs: readonly GraphRunner[],
  vocabSize: number,
  longest: number
): Promise<Latencies> {
  const medians: Record<string, number[]> = {}
  for (const [size, length] of LATENCY_SHAPES.filter((shape) => shape[1] <= longest)) {
    const batch = filledBatch(size, length, vocabSize)
    const times = graphs.map((): number[] => [])
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [index, graph] of graphs.entries()) {
        const start = performance.now()
        await graph.run(batch)
        if (round > 0) times[index]!.push(performance.now() - start)
      }
    }
    medians[`${size}x${length}`] = times.map(median)
  }
  return medians
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** A batch without padding; its ids do not affect the time. */
function filledBatch(size: number, length: number, vocabSize: number): Batch {
  const tokenIds = Int32Array.from({ length: size * length }, (_, i) => 1 + ((i * 7919) % (vocabSize - 1)))
  return {
    batch: size,
    seq: length,
    tokenIds,
    segmentIds: tokenIds.map((_, i) => (i % length > length / 2 ? 1 : 0)),
    taskIds: new Int32Array(size)
  }
}
