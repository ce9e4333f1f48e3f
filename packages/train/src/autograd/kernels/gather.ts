import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { gatherRows, segmentSum } from '../tensor-ops'

/** Rows of table [rows, width] by ids [..]: [.., width]. The gradient of a row is the sum over the places that read it. Saved: the ids. */
export function gather(table: Tensor, ids: Tensor): Recorded {
  const [rows, width] = table.shape as [number, number]
  return {
    output: gatherRows(table, ids),
    saved: [ids],
    backward: (dy) => [segmentSum(tf.reshape(dy, [-1, width]), tf.reshape(ids, [-1]), rows), null]
  }
}

/** Each row's own task's columns of x [batch, tasks * width] -> [batch, width]. The other columns' gradient is zero. */
export function selectTask(x: Tensor, taskIds: Tensor, width: number): Recorded {
  const [batch, columns] = x.shape as [number, number]
  const tasks = columns / width
  const chosen = tf.expandDims(tf.oneHot(taskIds.toInt(), tasks), 2) // [batch, tasks, 1]
  return {
    output: tf.sum(tf.mul(tf.reshape(x, [batch, tasks, width]), chosen), 1),
    saved: [chosen],
    backward: (dy) => [tf.reshape(tf.mul(tf.expandDims(dy, 1), chosen), [batch, columns]), null]
  }
}
