import type { Constant } from '../onnx/value'

/** A constant computed from others when it is written. */
export type Fold = (name: string, shape: readonly number[], compute: () => Float32Array) => Constant

const floats = (constant: Constant) => constant.read() as Float32Array

/** a [rows, inner] x b [inner, columns], summed in float64. */
export function foldMatmul(fold: Fold, a: Constant, b: Constant): Constant {
  const [rows, inner, columns] = [a.shape[0]!, a.shape[1]!, b.shape[1]!]
  return fold(`${a.name}*${b.name}`, [rows, columns], () => {
    const [left, right, out] = [floats(a), floats(b), new Float32Array(rows * columns)]
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0
        for (let i = 0; i < inner; i++) sum += left[row * inner + i]! * right[i * columns + column]!
        out[row * columns + column] = sum
      }
    }
    return out
  })
}

/** b has the shape of a or is a vector along its last axis. */
export function foldAdd(fold: Fold, a: Constant, b: Constant): Constant {
  return fold(`${a.name}+${b.name}`, a.shape, () => {
    const right = floats(b)
    return floats(a).map((value, index) => value + right[index % right.length]!)
  })
}

/** The rows `ids` of table [rows, width] -> [ids, width]. */
export function foldGather(fold: Fold, table: Constant, ids: Constant): Constant {
  const width = table.shape[1]!
  const rows = Array.from(ids.read(), Number)
  return fold(`${table.name}[${rows.join(',')}]`, [rows.length, width], () => {
    const values = floats(table)
    return Float32Array.from(
      { length: rows.length * width },
      (_, i) => values[rows[Math.floor(i / width)]! * width + (i % width)]!
    )
  })
}

/**
 * Reorders the columns of kernel [in, out] (or bias [out]) within every head so that rotary pairs (0, 1), (2, 3), …
 * become the two halves of the head. Applied to query and key alike, it does not change their products.
 */
export function foldHalves(fold: Fold, weight: Constant, heads: number): Constant {
  const columns = weight.shape.at(-1)!
  const size = columns / heads
  const source = Int32Array.from({ length: columns }, (_, column) => {
    const [head, place] = [Math.floor(column / size), column % size]
    return head * size + (place < size / 2 ? 2 * place : 2 * (place - size / 2) + 1)
  })
  return fold(`${weight.name}.halves`, weight.shape, () => {
    const values = floats(weight)
    return values.map((_, index) => values[index - (index % columns) + source[index % columns]!]!)
  })
}

/**
 * About how large a norm's output becomes in each column, [hidden]: what it scales has a variance of 1, so that is |gain| + |offset|, the largest
 * of all tasks. Gain and offset are [hidden] or have a row for each task.
 */
export function foldSizes(fold: Fold, gain: Constant, offset: Constant): Constant {
  const columns = gain.shape.at(-1)!
  return fold(`${gain.name}&${offset.name}.sizes`, [columns], () => {
    const [gains, offsets, out] = [floats(gain), floats(offset), new Float32Array(columns)]
    gains.forEach((value, i) => {
      out[i % columns] = Math.max(out[i % columns]!, Math.abs(value) + Math.abs(offsets[i]!))
    })
    return out
  })
}
