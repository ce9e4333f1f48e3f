import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/**
 * The rows of x [.., width] at `places` [n], which count positions of all leading axes flattened: [n, width]. The gradient of a position is
 * the sum over the places that name it, zero where none does. Saved: the places.
 */
export function rowsAt(x: Tensor, places: Tensor): Recorded {
  const width = x.shape.at(-1)!
  const rows = x.size / width
  return {
    output: tf.gather(tf.reshape(x, [rows, width]), places.toInt()),
    saved: [places],
    backward: (dy) => [tf.reshape(tf.unsortedSegmentSum(dy, places as never, rows), x.shape), null]
  }
}
