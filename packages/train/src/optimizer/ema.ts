import { attr, rawOps, tf } from '../tfjs'
import { Variable } from './variable'

const DESCENT = [attr.type('T'), attr.bool('use_locking', false)]

/**
 * Exponential moving average of the weights: starts at zero, moves after each update, e = μ e + (1 - μ) w, and is divided by 1 - μᵗ when it
 * is used (bert4keras' `extend_with_exponential_moving_average`; Adam's bias correction, arXiv:1412.6980, section 3).
 */
export class ExponentialMovingAverage {
  private readonly averages = new Map<string, Variable>()

  constructor(private readonly momentum: number, private readonly variables: ReadonlyMap<string, Variable>) {
    for (const [name, { shape }] of variables) this.averages.set(name, Variable.zeros(shape))
  }

  /** One move towards the current weights. */
  update(): void {
    tf.tidy(() => {
      const share = tf.scalar(1 - this.momentum)
      for (const [name, average] of this.averages) {
        const difference = tf.tidy(() => tf.sub(average.read(), this.variables.get(name)!.read()))
        rawOps('ResourceApplyGradientDescent', DESCENT, [average.handle, share, difference], 0)
        difference.dispose()
      }
    })
  }

  /** The bias-corrected averages after `step` updates, copied out. */
  corrected(step: number): Map<string, Float32Array> {
    const correction = 1 - this.momentum ** step
    return new Map([...this.averages].map(([name, average]) => [name, average.values().map((value) => value / correction)]))
  }

  /** The uncorrected averages, by parameter name. */
  state(): ReadonlyMap<string, Variable> {
    return this.averages
  }

  /** Frees the averages. */
  dispose(): void {
    for (const average of this.averages.values()) average.dispose()
  }
}
