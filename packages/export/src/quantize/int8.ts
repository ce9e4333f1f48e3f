/** Value = int8 · scale of its column (or row). */
export interface Int8Matrix {
  readonly values: Int8Array
  readonly scales: Float32Array
}

/** Symmetric, so that 0 stays 0 and no zero point is needed. */
const LARGEST = 127

/** Smaller magnitudes count as 0: their scale would not be a normal float32. */
export const NEGLIGIBLE = 1e-30

/** Rounds matrix [rows, columns] with one symmetric scale per column (largest magnitude / 127). */
export function quantizeColumns(matrix: Float32Array, columns: number): Int8Matrix {
  const scales = new Float32Array(columns)
  for (let i = 0; i < matrix.length; i++) scales[i % columns] = Math.max(scales[i % columns]!, Math.abs(matrix[i]!))
  toScales(scales)
  const values = new Int8Array(matrix.length)
  for (let i = 0; i < values.length; i++) values[i] = Math.round(matrix[i]! / scales[i % columns]!)
  return { values, scales }
}

/** Rounds matrix [rows, width] with one symmetric scale per row. */
export function quantizeRows(matrix: Float32Array, width: number): Int8Matrix {
  const rows = matrix.length / width
  const scales = new Float32Array(rows)
  const values = new Int8Array(matrix.length)
  for (let row = 0; row < rows; row++) {
    for (let i = row * width; i < (row + 1) * width; i++) scales[row] = Math.max(scales[row]!, Math.abs(matrix[i]!))
  }
  toScales(scales)
  for (let row = 0; row < rows; row++) {
    for (let i = row * width; i < (row + 1) * width; i++) values[i] = Math.round(matrix[i]! / scales[row]!)
  }
  return { values, scales }
}

/** In place; a row of zeros gets 1. */
function toScales(largest: Float32Array): void {
  for (let i = 0; i < largest.length; i++) largest[i] = largest[i]! < NEGLIGIBLE ? 1 : largest[i]! / LARGEST
}
