/** Compressed rows: row r has the columns `columns[starts[r] .. starts[r + 1]]`, and `values` at the same indices. */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  /** `[rows + 1]`. */
  readonly starts: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array
}

/** matrix x dense: `[rows, width]` from `[columns, width]`, row-major; the reverse if `transposed`. */
export function multiply(matrix: SparseMatrix, dense: Float32Array, width: number, transposed = false): Float32Array {
  const result = new Float32Array((transposed ? matrix.columns : matrix.rows) * width)
  for (let r = 0; r < matrix.rows; r++) {
    for (let k = matrix.starts[r]!; k < matrix.starts[r + 1]!; k++) {
      const value = matrix.values[k]!
      const column = matrix.indices[k]!
      const out = (transposed ? column : r) * width
      const from = (transposed ? r : column) * width
      for (let j = 0; j < width; j++) result[out + j]! += value * dense[from + j]!
    }
  }
  return result
}
