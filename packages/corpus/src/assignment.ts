/**
 * Assigns each row its own column, maximizing the sum of `gain`; `-Infinity` forbids a cell. Returns the column of
 * every row. Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957; Jonker and Volgenant 1987), O(n³).
 * Throws a RangeError if every assignment has a forbidden cell.
 */
export function assign(gain: readonly (readonly number[])[]): number[] {
  const n = gain.length
  const rowOf = new Int32Array(n + 1) // row of each column, both from 1; 0 for none
  const rows = new Float64Array(n + 1)
  const columns = new Float64Array(n + 1)
  for (let row = 1; row <= n; row++) {
    const { end, from } = shortestPath(gain, row, { rowOf, rows, columns })
    for (let column = end; column !== 0; column = from[column]!) rowOf[column] = rowOf[from[column]!]!
  }
  const result = new Array<number>(n)
  for (let column = 1; column <= n; column++) result[rowOf[column]! - 1] = column - 1
  return result
}

interface Matching {
  readonly rowOf: Int32Array
  /** Potentials of rows and columns. */
  readonly rows: Float64Array
  readonly columns: Float64Array
}

/** The cheapest alternating path from a free row to a free column; `from` has each column's predecessor. */
function shortestPath(gain: readonly (readonly number[])[], start: number, { rowOf, rows, columns }: Matching) {
  const n = gain.length
  const distance = new Float64Array(n + 1).fill(Infinity)
  const from = new Int32Array(n + 1)
  const done = new Uint8Array(n + 1)
  rowOf[0] = start
  let column = 0
  do {
    done[column] = 1
    const row = rowOf[column]!
    let nearest = -1
    for (let next = 1; next <= n; next++) {
      if (done[next]) continue
      const cost = -gain[row - 1]![next - 1]! - rows[row]! - columns[next]!
      if (cost < distance[next]!) {
        distance[next] = cost
        from[next] = column
      }
      if (nearest < 0 || distance[next]! < distance[nearest]!) nearest = next
    }
    const step = distance[nearest]!
    if (step === Infinity) throw new RangeError(`Row ${start - 1} has no column left that it may take.`)
    for (let next = 0; next <= n; next++) {
      if (done[next]) {
        rows[rowOf[next]!]! += step
        columns[next]! -= step
      } else distance[next]! -= step
    }
    column = nearest
  } while (rowOf[column] !== 0)
  return { end: column, from }
}
