/**
 * Side of the squares that are transposed at once: both sides then stay in the first cache (64 x 64 floats: 16 KiB).
 */
const SQUARE = 64

/** [rows, columns] -> [columns, rows]. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length)
  for (let top = 0; top < rows; top += SQUARE) {
    for (let left = 0; left < columns; left += SQUARE) {
      const bottom = Math.min(top + SQUARE, rows)
      const right = Math.min(left + SQUARE, columns)
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) result[column * rows + row] = values[row * columns + column]!
      }
    }
  }
  return result
}
