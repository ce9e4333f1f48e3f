import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/** a + b, b of a's shape or a vector along its last axis; both gradients are dy, the vector's summed over the other axes. */
export function add(a: Tensor, b: Tensor): Recorded {
  const leading = b.rank === a.rank ? [] : a.shape.map((_, axis) => axis).slice(0, -1)
  return { output: tf.add(a, b), saved: [], backward: (dy) => [dy, leading.length ? tf.sum(dy, leading) : dy] }
}

/** x [batch, seq, hidden] + row [batch, hidden] at every position; the row's gradient is dy summed over the positions. */
export function addRow(x: Tensor, row: Tensor): Recorded {
  return { output: tf.add(x, tf.expandDims(row, 1)), saved: [], backward: (dy) => [dy, tf.sum(dy, 1)] }
}

/** x [batch, seq, width] + the first seq rows of table [positions, width]; a row's gradient is dy summed over the batch, zero beyond seq. */
export function addPositions(x: Tensor, table: Tensor): Recorded {
  const [, seq, width] = x.shape as [number, number, number]
  const beyond = table.shape[0]! - seq
  return {
    output: tf.add(x, tf.slice(table, [0, 0], [seq, width])),
    saved: [],
    backward: (dy) => [
      dy,
      tf.pad(tf.sum(dy, 0), [
        [0, beyond],
        [0, 0]
      ])
    ]
  }
}
