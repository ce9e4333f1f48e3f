import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { FLOAT32 } from '../products'

/** y = Σ wₛ xₛ over the positions, wₛ = maskₛ / Σ mask; x [batch, seq, hidden], mask [batch, seq] of 0 and 1. dxₛ = wₛ dy. Saved: w. */
export function maskedMean(x: Tensor, mask: Tensor): Recorded {
  const [batch, seq, hidden] = x.shape as [number, number, number]
  const weights = tf.reshape(tf.div(mask, tf.sum(mask, 1, true)), [batch, 1, seq])
  return {
    output: tf.reshape(FLOAT32.batchMatMul(weights, x), [batch, hidden]),
    saved: [weights],
    backward: (dy) => [tf.mul(tf.reshape(weights, [batch, seq, 1]), tf.reshape(dy, [batch, 1, hidden])), null]
  }
}

/** y = x₀, the state of [CLS]; x [batch, seq, hidden] -> [batch, hidden]. dx is dy at position 0 and zero elsewhere. */
export function firstToken(x: Tensor): Recorded {
  const [batch, , hidden] = x.shape as [number, number, number]
  const { output, saved, backward } = firstPosition(x)
  return {
    output: tf.reshape(output, [batch, hidden]),
    saved,
    backward: (dy) => backward(tf.reshape(dy, [batch, 1, hidden]))
  }
}

/** The same with the axis of positions kept: [batch, 1, hidden]. */
export function firstPosition(x: Tensor): Recorded {
  const [batch, seq, hidden] = x.shape as [number, number, number]
  return {
    output: tf.slice(x, [0, 0, 0], [batch, 1, hidden]),
    saved: [],
    backward: (dy) => [
      tf.pad(dy, [
        [0, 0],
        [0, seq - 1],
        [0, 0]
      ])
    ]
  }
}
