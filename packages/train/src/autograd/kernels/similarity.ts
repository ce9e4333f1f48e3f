import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'

/** y = x / |x| for each row of x [batch, hidden]. dx = (dy - y (y·dy)) / |x|. Saved: y and 1 / |x|. */
export function normalize(x: Tensor): Recorded {
  const inverse = tf.rsqrt(tf.sum(tf.square(x), 1, true)) // [batch, 1]
  const y = tf.mul(x, inverse)
  return {
    output: y,
    saved: [y, inverse],
    backward: (dy) => [tf.mul(tf.sub(dy, tf.mul(y, tf.sum(tf.mul(y, dy), 1, true))), inverse)]
  }
}

/**
 * Logits [batch, 2] of vectors a, b [batch, hidden]: 0, and s a·b + o with scale s and offset o [batch, 1]. With d the gradient of
 * column 1: da = d s b, db = d s a, ds = d a·b, do = d. Saved: a, b, s and a·b.
 */
export function similarityLogits(a: Tensor, b: Tensor, scale: Tensor, offset: Tensor): Recorded {
  const product = tf.sum(tf.mul(a, b), 1, true) // [batch, 1]
  const match = tf.add(tf.mul(scale, product), offset)
  return {
    output: tf.concat([tf.zerosLike(match), match], 1),
    saved: [a, b, scale, product],
    backward: (dy) => {
      const d = tf.slice(dy, [0, 1], [-1, 1]) // [batch, 1]
      const scaled = tf.mul(d, scale)
      return [tf.mul(scaled, b), tf.mul(scaled, a), tf.mul(d, product), d]
    }
  }
}
