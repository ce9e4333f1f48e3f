import { attr, rawOp, rawOps, tf, type Tensor } from '../tfjs'
import { Variable } from './variable'

/** Keras 2.3.1, the baseline's, adds epsilon to the uncorrected root; bert4keras adds it to the corrected one. */
export type AdamForm = 'keras' | 'bert4keras'

/** Kingma and Ba 2015, arXiv:1412.6980; decoupled decay: Loshchilov and Hutter 2019, arXiv:1711.05101. */
export interface AdamOptions {
  readonly form: AdamForm
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Decoupled: each step also subtracts this share of learning rate x weight. */
  readonly weightDecay: number
  /** Selects the parameters that decay; biases, gains and offsets do not. */
  readonly decays?: (name: string) => boolean
  /** Factor of the learning rate by name. Default: 1. */
  readonly rate?: (name: string) => number
}

/** The rows of a variable that its gradient has, by index [n], each at most once. */
export interface LazyRows {
  readonly name: string
  readonly rows: Tensor
}

/**
 * The factors of update `step` (from 1) that all weights share: w -= lr factor m / (√v + ε) with factor √(1-β₂ᵗ) /
 * (1-β₁ᵗ) is Keras 2.3.1's form; bert4keras' form lr m̂ / (√v̂ + ε) is the same with ε √(1-β₂ᵗ) instead of ε.
 */
export function adamCorrection(
  { form, beta1, beta2, epsilon }: AdamOptions,
  step: number
): { factor: number; epsilon: number } {
  const correction = Math.sqrt(1 - beta2 ** step)
  return { factor: correction / (1 - beta1 ** step), epsilon: form === 'keras' ? epsilon : epsilon * correction }
}

type Trio = readonly [weights: Variable, first: Variable, second: Variable]

const ADAM = [attr.type('T'), attr.bool('use_locking', false), attr.bool('use_nesterov', false)]
const DESCENT = [attr.type('T'), attr.bool('use_locking', false)]

/** Adam over resource variables: TensorFlow's fused kernel, one pass over weights, moments and gradient. */
export class Adam {
  private readonly moments = new Map<string, { first: Variable; second: Variable }>()

  constructor(
    private readonly options: AdamOptions,
    private readonly variables: ReadonlyMap<string, Variable>
  ) {
    for (const [name, { shape }] of variables)
      this.moments.set(name, { first: Variable.zeros(shape), second: Variable.zeros(shape) })
  }

  /**
   * One update; `step` counts from 1, see `adamCorrection`. Variables without a gradient are unchanged. The gradient of
   * `lazy.name` has only the rows in `lazy.rows`; weights and moments of the other rows are unchanged.
   */
  apply(gradients: ReadonlyMap<string, Tensor>, learningRate: number, step: number, lazy?: LazyRows): void {
    const { beta1, beta2, weightDecay, decays, rate = () => 1 } = this.options
    const { epsilon } = adamCorrection(this.options, step)
    tf.tidy(() => {
      const powers = [beta1 ** step, beta2 ** step].map((value) => tf.scalar(value))
      const rest = [beta1, beta2, epsilon].map((value) => tf.scalar(value))
      for (const [name, gradient] of gradients) {
        const { first, second } = this.moments.get(name)!
        const ownRate = learningRate * rate(name)
        const scalars = [...powers, tf.scalar(ownRate), ...rest]
        const decay = weightDecay > 0 && decays?.(name) ? ownRate * weightDecay : 0
        const update = (weights: Variable, m: Variable, v: Variable): void => {
          if (decay > 0) shrink(weights, decay)
          rawOps('ResourceApplyAdam', ADAM, [weights.handle, m.handle, v.handle, ...scalars, gradient], 0)
        }
        const variables = [this.variables.get(name)!, first, second] as const
        if (name === lazy?.name) updateRows(variables, lazy.rows, update)
        else update(...variables)
      }
    })
  }

  /** By parameter name. */
  momentsOf(which: 'first' | 'second'): ReadonlyMap<string, Variable> {
    return new Map([...this.moments].map(([name, moments]) => [name, moments[which]]))
  }

  /** Named `name.m` and `name.v`. */
  state(): Map<string, Variable> {
    return new Map(
      [...this.moments].flatMap(
        ([name, { first, second }]) =>
          [
            [`${name}.m`, first],
            [`${name}.v`, second]
          ] as const
      )
    )
  }

  dispose(): void {
    for (const variable of this.state().values()) variable.dispose()
  }
}

/** Copies the rows, updates them as separate variables, and writes them back. */
function updateRows(variables: Trio, rows: Tensor, update: (...parts: Trio) => void): void {
  const parts = variables.map((variable) => Variable.of(variable.readRows(rows)))
  update(...(parts as unknown as Trio))
  variables.forEach((variable, i) => {
    const part = parts[i]!
    const values = part.read()
    variable.assignRows(rows, values)
    values.dispose()
    part.dispose()
  })
}

/** w -= share w, in place. */
function shrink(variable: Variable, share: number): void {
  const step = tf.tidy(() => tf.mul(variable.read(), share))
  rawOps('ResourceApplyGradientDescent', DESCENT, [variable.handle, tf.scalar(1), step], 0)
  step.dispose()
}

/**
 * Scales gradients to a joint L2 norm of at most `limit` (Pascanu et al. 2013). Returns the old norm, frees old
 * tensors.
 */
export function clipByGlobalNorm(gradients: Map<string, Tensor>, limit: number): Tensor {
  const norm = tf.tidy(() =>
    tf.sqrt(tf.addN([...gradients.values()].map((gradient) => rawOp('L2Loss', [attr.type('T')], [gradient]))).mul(2))
  )
  const factor = tf.tidy(() => tf.minimum(1, tf.div(limit, norm)))
  for (const [name, gradient] of gradients) {
    gradients.set(name, tf.mul(gradient, factor))
    gradient.dispose()
  }
  factor.dispose()
  return norm
}
