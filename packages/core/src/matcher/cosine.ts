import type { Pace } from './pace'

/** The cosine of two vectors of length 1: rows `i` of a and `j` of b, both [.., width]. */
export function cosine(a: Float32Array, i: number, b: Float32Array, j: number, width: number): number {
  let sum = 0
  for (let k = 0, p = i * width, q = j * width; k < width; k++) sum += a[p + k]! * b[q + k]!
  return sum
}

/**
 * The largest cosine of a window of one text, a [windows, width], and one of another, b [windows, width]. Two long texts are compared over
 * several turns of the event loop.
 */
export async function bestCosine(a: Float32Array, b: Float32Array, width: number, pace: Pace): Promise<number> {
  let best = -Infinity
  for (let i = 0; i < a.length / width; i++) {
    for (let j = 0; j < b.length / width; j++) best = Math.max(best, cosine(a, i, b, j, width))
    await pace(b.length)
  }
  return best
}

/** One vector [width] of length 1 for a text read in windows: the mean of its rows [windows, width]. A single row stays as it is. */
export function meanVector(rows: Float32Array, width: number): Float32Array {
  if (rows.length === width) return rows
  const sum = new Float64Array(width)
  for (let i = 0; i < rows.length; i++) sum[i % width]! += rows[i]!
  const norm = Math.hypot(...sum)
  return Float32Array.from(sum, (value) => value / norm)
}
