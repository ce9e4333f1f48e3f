import { isNarrow, tf, widen, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { FLOAT32, NARROW, type Products } from '../products'
import { biasAdd, biasAddGradient, chain, reshaped } from '../tensor-ops'

/**
 * y = x W + b, x [.., in], W [in, out], b [out].
 * With dy [.., out] and all leading axes flattened: dx = dy Wᵀ, dW = xᵀ dy, db = sum of dy's rows. Saved: x and W, both shared.
 * x and W are factors of the products, so that a bfloat16 copy is shared by all products that read them.
 */
export function dense(x: Tensor, kernel: Tensor, bias: Tensor, { matMul, factor }: Products = FLOAT32): Recorded {
  const [inner, outer] = kernel.shape as [number, number]
  const leading = x.shape.slice(0, -1)
  const output = tf.reshape(
    chain(matMul(reshaped(x, [-1, inner]), kernel), (product) => biasAdd(product, bias)),
    [...leading, outer]
  )
  return {
    output,
    saved: [x, kernel],
    backward: (dy) => {
      const dRows = tf.reshape(dy, [-1, outer])
      const dFactor = factor(dRows)
      return [
        tf.reshape(matMul(dFactor, kernel, false, true), x.shape),
        matMul(reshaped(x, [-1, inner]), dFactor, true, false),
        biasAddGradient(dRows)
      ]
    }
  }
}

/** y = x W without a bias: dx = dy Wᵀ, dW = xᵀ dy. Saved: x and W, both shared. Where they are bfloat16, so are y and dx; dW is float32. */
export function denseProduct(x: Tensor, kernel: Tensor): Recorded {
  const { matMul } = isNarrow(x) ? NARROW : FLOAT32
  const [inner, outer] = kernel.shape as [number, number]
  return {
    output: reshaped(matMul(reshaped(x, [-1, inner]), kernel), [...x.shape.slice(0, -1), outer]),
    saved: [x, kernel],
    backward: (dy) => {
      const dRows = reshaped(dy, [-1, outer])
      return [
        reshaped(matMul(dRows, kernel, false, true), x.shape),
        widen(matMul(reshaped(x, [-1, inner]), dRows, true, false))
      ]
    }
  }
}

/** a b for two matrices: da = dc bᵀ, db = aᵀ dc. */
export function matrixProduct(a: Tensor, b: Tensor): Recorded {
  const { matMul } = FLOAT32
  return {
    output: matMul(a, b),
    saved: [a, b],
    backward: (dy) => [matMul(dy, b, false, true), matMul(a, dy, true, false)]
  }
}
