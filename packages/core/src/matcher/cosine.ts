import type { Pace } from './pace'

/** Of rows `i` of a and `j` of b, both [.., width] and of length 1. */
export function cosine(a: Float32Array, i: number, b: Float32Array, j: number, width: number): number {
  let sum = 0
  for (let k = 0, p = i * width, q = j * width; k < width; k++) sum += a[p + k]! * b[q + k]!
  return sum
}

/** The largest cosine of windows of a and b, both [windows, width]. Gives the event loop turns for long texts. */
export async function bestCosine(a: Float32Array, b: Float32Array, width: number, pace: Pace): Promise<number> {
  let best = -Infinity
  for (let i = 0; i < a.length / width; i++) {
    for (let j = 0; j < b.length / width; j++) best = Math.max(best, cosine(a, i, b, j, width))
    await pace(b.length)
  }
  return best
}

/** The normalized mean [width] of a text's windows [windows, width]. A single row is returned unchanged. */
export function meanVector(rows: Float32Array, width: number): Float32Array {
  if (rows.length === width) return rows
  const sum = new Float64Array(width)
  for (let i = 0; i < rows.length; i++) sum[i % width]! += rows[i]!
  const norm = Math.hypot(...sum)
  return Float32Array.from(sum, (value) => value / norm)
}
