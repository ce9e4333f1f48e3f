import { rotaryTables } from '@sohu-match/core'
import { tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { asComplex, asReal, complexMul } from '../tensor-ops'

/**
 * Rotary positions as one complex product: the adjacent pair (x₂ᵢ, x₂ᵢ₊₁) is the number x₂ᵢ + i x₂ᵢ₊₁, turned by e^{i m θᵢ} at position m.
 * A rotation's gradient is the rotation back: dx = dy e^{-i m θᵢ}. Nothing is saved but the two tables, which all layers share.
 */
export function rotary(x: Tensor, tables: RotaryTensors): Recorded {
  return { output: rotate(x, tables.forward), saved: [], backward: (dy) => [rotate(dy, tables.back)] }
}

/** e^{i m θ} and its conjugate for every head, complex64 [1, seq * hidden / 2]: the batch is then the only axis to broadcast along. */
export interface RotaryTensors {
  readonly forward: Tensor
  readonly back: Tensor
}

/** The tables for one sequence length. The caller frees them. */
export function rotaryTensors(length: number, heads: number, headSize: number): RotaryTensors {
  const { cos, sin } = rotaryTables(length, headSize)
  const table = (sign: number): Tensor => {
    const pairs = new Float32Array(2 * cos.length)
    for (let i = 0; i < cos.length; i++) {
      pairs[2 * i] = cos[i]!
      pairs[2 * i + 1] = sign * sin[i]!
    }
    return tf.tidy(() =>
      asComplex(tf.reshape(tf.tile(tf.tensor(pairs, [length, 1, headSize]), [1, heads, 1]), [1, -1, 2]))
    )
  }
  return { forward: table(1), back: table(-1) }
}

/** x [batch, seq, hidden] with every head's pairs turned by the table. */
function rotate(x: Tensor, table: Tensor): Tensor {
  const pairs = asComplex(tf.reshape(x, [x.shape[0]!, -1, 2])) // [batch, seq * hidden / 2]
  return tf.reshape(asReal(complexMul(pairs, table)), x.shape)
}
