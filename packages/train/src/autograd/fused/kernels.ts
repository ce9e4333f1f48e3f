import { attr, rawOp, rawOps, tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { keepLimit } from '../tensor-ops'

/** Kernels of `native/` with the passes that each fuses. Their formulas are those of the plain kernels in `../kernels`. */

const TYPES = [attr.type('P'), attr.type('S')]
const PRODUCT = [attr.type('P')]

const none = tf.keep(tf.tensor1d([], 'float32'))
const noMask = tf.keep(tf.tensor1d([], 'bool'))

/** Dropout at one place of the network: its rate and the seed of its mask. */
export interface Dropout {
  readonly rate: number
  readonly seed: readonly [number, number]
}

/** The steps between a product [.., width] and what reads it: residual + dropout(product + bias); each may be absent. */
export interface Branch<T> {
  readonly product: T
  /** `[width]`. */
  readonly bias?: T | undefined
  readonly dropout?: Dropout | undefined
  /** Of the product's shape. */
  readonly residual?: T | undefined
}

/** The mask of `randomKeep`, bit for bit, as one operation. */
export function fusedKeep(elements: number, { rate, seed }: Dropout): Tensor {
  const settings = tf.tensor1d([elements, keepLimit(rate)], 'int32')
  return rawOp('SohuKeep', [], [settings, tf.tensor1d([...seed], 'int32')])
}

/** GELU of product + bias. Saved: its derivative. */
export function biasGelu(product: Tensor, bias: Tensor): Recorded {
  const [output, slope] = rawOps('SohuBiasGelu', [], [product, bias], 2)
  return { output: output!, saved: [slope!], backward: (dy) => rawOps('SohuBiasGeluGrad', [], [dy, slope!], 2) }
}

/** The branch by itself; its inputs are the product, then bias and residual where there are such. Saved: the mask. */
export function branchSum({ product, bias, dropout, residual }: Branch<Tensor>): Recorded {
  const keep = dropout ? fusedKeep(product.size, dropout) : noMask
  const kept = dropout ? 1 / (1 - dropout.rate) : 1
  const inputs = [product, bias ?? none, keep, residual ?? none, tf.tensor1d([kept, 1])]
  const [output, narrow] = rawOps('SohuBranch', TYPES, inputs, 2)
  narrow!.dispose()
  return {
    output: output!,
    saved: dropout ? [keep] : [],
    backward: (dy) => {
      if (!bias && !dropout) return [dy, dy]
      const [dProduct, dBias] = rawOps('SohuBranchGrad', GRAD_TYPES, [dy, keep, tf.scalar(kept)], 2)
      return [dProduct!, ...(bias ? [dBias!] : []), ...(residual ? [dy] : [])]
    }
  }
}

const GRAD_TYPES = [attr.type('D'), attr.type('P')]

/**
 * Layer norm of a branch: y = x̂ γ + β with γ and β [width] or [batch, width]. Its inputs are the product, bias and residual where there are such,
 * γ and β. Saved: x̂, 1/σ, γ and the mask.
 */
export function branchNorm(branch: Branch<Tensor>, gamma: Tensor, beta: Tensor, epsilon: number): Recorded {
  const { product, bias, dropout, residual } = branch
  const keep = dropout ? fusedKeep(product.size, dropout) : noMask
  const kept = dropout ? 1 / (1 - dropout.rate) : 1
  const inputs = [product, bias ?? none, keep, residual ?? none, gamma, beta, tf.tensor1d([epsilon, kept])]
  const [output, narrow, normalized, inverse] = rawOps('SohuNorm', TYPES, inputs, 4)
  narrow!.dispose()
  const hasBranch = bias !== undefined || dropout !== undefined
  return {
    output: output!,
    saved: [normalized!, inverse!, gamma, ...(dropout ? [keep] : [])],
    backward: (dy) => {
      const scalars = tf.tensor1d([kept, hasBranch ? 1 : 0])
      const [dSum, dProduct, dGamma, dBeta, dBias] = rawOps(
        'SohuNormGrad',
        PRODUCT,
        [dy, normalized!, inverse!, gamma, keep, scalars],
        5
      )
      return [hasBranch ? dProduct! : dSum!, ...(bias ? [dBias!] : []), ...(residual ? [dSum!] : []), dGamma!, dBeta!]
    }
  }
}
