import { attr, isNarrow, rawOp, rawOps, tf, type Tensor } from '../../tfjs'
import type { Recorded } from '../tape'
import { keepLimit } from '../tensor-ops'

/** Kernels of `native/` and the passes that each fuses. Formulas are those of the plain kernels in `../kernels`. */

/** Attributes of a kernel by the types of its inputs and outputs. */
const types = (first: string, second: string) =>
  [false, true].map((a) => [false, true].map((b) => [widthOf(first, a), widthOf(second, b)] as const))
const widthOf = (name: string, isNarrow: boolean) => attr.type(name, isNarrow ? 'bfloat16' : 'float32')
const TYPES = types('P', 'S')
const GRAD_TYPES = types('D', 'P')
const PRODUCT = [false, true].map((narrow) => [widthOf('P', narrow)] as const)

const none = tf.keep(tf.tensor1d([], 'float32'))
const noMask = tf.keep(tf.tensor1d([], 'bool'))

/** Dropout at one site of the network. */
export interface Dropout {
  readonly rate: number
  readonly seed: readonly [number, number]
}

/** The steps between a product [.., width] and its reader: residual + dropout(product + bias); each may be absent. */
export interface Branch<T> {
  readonly product: T
  /** `[width]`. */
  readonly bias?: T | undefined
  readonly dropout?: Dropout | undefined
  /** Of the product's shape. */
  readonly residual?: T | undefined
}

/** The mask of `randomKeep`, bit for bit, in one operation. */
export function fusedKeep(elements: number, { rate, seed }: Dropout): Tensor {
  const settings = tf.tensor1d([elements, keepLimit(rate)], 'int32')
  return rawOp('SohuKeep', [], [settings, tf.tensor1d([...seed], 'int32')])
}

/** GELU of product + bias. Saved: its derivative. */
export function biasGelu(product: Tensor, bias: Tensor): Recorded {
  const [output, slope] = rawOps('SohuBiasGelu', [], [product, bias], 2)
  return { output: output!, saved: [slope!], backward: (dy) => rawOps('SohuBiasGeluGrad', [], [dy, slope!], 2) }
}

/**
 * Rotary positions of product + bias [batch, seq, hidden], in the product's precision; `turns` as in `RotaryTensors`.
 * Nothing is saved: dx is dy turned back.
 */
export function biasRotary(product: Tensor, bias: Tensor, turns: Tensor): Recorded {
  return {
    output: rawOp('SohuBiasRotary', [], [product, bias, turns]),
    saved: [],
    backward: (dy) => rawOps('SohuBiasRotaryGrad', [], [dy, turns], 2)
  }
}

/**
 * A branch in float32, or in bfloat16 if `toNarrow`. Inputs: the product, then bias and residual if present. Saved: the
 * mask.
 */
export function branchSum({ product, bias, dropout, residual }: Branch<Tensor>, toNarrow = false): Recorded {
  const keep = dropout ? fusedKeep(product.size, dropout) : noMask
  const kept = dropout ? 1 / (1 - dropout.rate) : 1
  const inputs = [product, bias ?? none, keep, residual ?? none, tf.tensor1d([kept, toNarrow ? 0 : 1])]
  const productIsNarrow = isNarrow(product)
  const [wide, short] = rawOps('SohuBranch', TYPES[+productIsNarrow]![+toNarrow]!, inputs, 2)
  return {
    output: toNarrow ? short! : wide!,
    saved: dropout ? [keep] : [],
    backward: (dy) => {
      if (!bias && !dropout) return [dy, dy]
      const widths = GRAD_TYPES[+isNarrow(dy)]![+productIsNarrow]!
      const [dProduct, dBias] = rawOps('SohuBranchGrad', widths, [dy, keep, tf.scalar(kept)], 2)
      return [dProduct!, ...(bias ? [dBias!] : []), ...(residual ? [dy] : [])]
    }
  }
}

/**
 * Layer norm of a branch: y = x̂ γ + β with γ and β [width] or [batch, width]. Its inputs are the product, bias and
 * residual if present, γ and β. With `toNarrow` y is also returned in bfloat16, and x̂ only in bfloat16. Saved: x̂,
 * 1/σ, γ and the mask.
 */
export function branchNorm(
  { product, bias, dropout, residual }: Branch<Tensor>,
  gamma: Tensor,
  beta: Tensor,
  { epsilon, toNarrow = false }: { readonly epsilon: number; readonly toNarrow?: boolean }
): Recorded {
  const keep = dropout ? fusedKeep(product.size, dropout) : noMask
  const kept = dropout ? 1 / (1 - dropout.rate) : 1
  const inputs = [product, bias ?? none, keep, residual ?? none, gamma, beta, tf.tensor1d([epsilon, kept])]
  const productIsNarrow = isNarrow(product)
  const [output, short, normalized, inverse] = rawOps('SohuNorm', TYPES[+productIsNarrow]![+toNarrow]!, inputs, 4)
  const hasBranch = bias !== undefined || dropout !== undefined || productIsNarrow
  return {
    output: output!,
    ...(toNarrow && { narrow: short! }),
    saved: [normalized!, inverse!, gamma, ...(dropout ? [keep] : [])],
    backward: (dy) => {
      const scalars = tf.tensor1d([kept, hasBranch ? 1 : 0])
      const [dSum, dProduct, dGamma, dBeta, dBias] = rawOps(
        'SohuNormGrad',
        [...PRODUCT[+productIsNarrow]!, widthOf('S', toNarrow)],
        [dy, normalized!, inverse!, gamma, keep, scalars],
        5
      )
      return [hasBranch ? dProduct! : dSum!, ...(bias ? [dBias!] : []), ...(residual ? [dSum!] : []), dGamma!, dBeta!]
    }
  }
}

/**
 * Softmax of scale scores + bias over the last axis; scores [batch, heads, queries, keys], bias [batch, 1, 1, keys].
 */
export function scaledSoftmax(scores: Tensor, bias: Tensor | null, scale: number): Tensor {
  return rawOp('SohuSoftmax', [], [scores, bias ?? none, tf.scalar(scale)])
}

/** The gradient of the scores of `scaledSoftmax`: scale p (dp - Σ p dp). */
export function scaledSoftmaxGradient(probs: Tensor, dProbs: Tensor, scale: number): Tensor {
  return rawOp('SohuSoftmaxGrad', [], [probs, dProbs, tf.scalar(scale)])
}
