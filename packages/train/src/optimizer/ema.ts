import { attr, onGpu, rawOps, tf, type Tensor } from '../tfjs'
import { Variable } from './variable'

const DESCENT = [attr.type('T'), attr.bool('use_locking', false)]

type Move = (average: Variable, weights: Tensor) => void

/**
 * Exponential moving average of the weights: starts at zero, moves after each update, e = μ e + (1 - μ) w, and is
 * divided by 1 - μᵗ when used (bert4keras' `extend_with_exponential_moving_average`; Adam's bias correction,
 * arXiv:1412.6980, section 3).
 */
export class ExponentialMovingAverage {
  private readonly averages = new Map<string, Variable>()

  /** `inPlace` computes without a temporary tensor; for a small momentum its factor 1 / μ loses digits. */
  constructor(
    private readonly momentum: number,
    private readonly variables: ReadonlyMap<string, Variable>,
    private readonly inPlace = !onGpu && momentum >= 0.5
  ) {
    for (const [name, { shape }] of variables) this.averages.set(name, Variable.zeros(shape))
  }

  /** Moves all averages towards the current weights, except those in `moved`. */
  update(moved: { has(name: string): boolean } = new Set()): void {
    tf.tidy(() => {
      const move = this.inPlace ? this.proximalMove() : this.plainMove()
      for (const [name, average] of this.averages)
        if (!moved.has(name)) tf.tidy(() => move(average, this.variables.get(name)!.read()))
    })
  }

  /** Copies, after `step` updates. */
  corrected(step: number): Map<string, Float32Array> {
    const correction = 1 - this.momentum ** step
    return new Map(
      [...this.averages].map(([name, average]) => [name, average.values().map((value) => value / correction)])
    )
  }

  /** By parameter name. */
  state(): ReadonlyMap<string, Variable> {
    return this.averages
  }

  /** e -= (1 - μ) (e - w): one pass for the difference, one for the move. */
  private plainMove(): Move {
    const share = tf.scalar(1 - this.momentum)
    return (average, weights) => {
      rawOps('ResourceApplyGradientDescent', DESCENT, [average.handle, share, tf.sub(average.read(), weights)], 0)
    }
  }

  /** The proximal step e = (e - α w) / (1 + α λ) with α = -(1 - μ) / μ and λ = -1, in place. CPU kernel only. */
  private proximalMove(): Move {
    const [alpha, l1, l2] = [tf.scalar(-(1 - this.momentum) / this.momentum), tf.scalar(0), tf.scalar(-1)]
    return (average, weights) => {
      rawOps('ResourceApplyProximalGradientDescent', DESCENT, [average.handle, alpha!, l1!, l2!, weights], 0)
    }
  }

  dispose(): void {
    for (const average of this.averages.values()) average.dispose()
  }
}
