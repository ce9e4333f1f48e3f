import { attr, rawOp, rawOps, tf, type Tensor } from '../tfjs'
import { adamCorrection, type AdamOptions, type LazyRows } from './adam'
import type { Variable } from './variable'

/** Everything that an update changes, by parameter name. */
export interface UpdatedState {
  readonly weights: ReadonlyMap<string, Variable>
  readonly first: ReadonlyMap<string, Variable>
  readonly second: ReadonlyMap<string, Variable>
  readonly averages: ReadonlyMap<string, Variable>
}

export interface UpdateOptions extends AdamOptions {
  /** Maximum joint L2 norm of the gradients; 0: no clipping. */
  readonly clipNorm: number
  readonly emaMomentum: number
}

/**
 * Clipping, decay, Adam and the average of weights in one pass over memory, by the kernels of `native/`; `step` counts
 * from 1. Equivalent to `clipByGlobalNorm`, `Adam` and `ExponentialMovingAverage` in sequence, except for the averages
 * of parameters without a gradient.
 */
export function fusedUpdate(
  state: UpdatedState,
  options: UpdateOptions,
  gradients: ReadonlyMap<string, Tensor>,
  { learningRate, step, lazy }: { learningRate: number; step: number; lazy?: LazyRows | undefined }
): void {
  const { beta1, beta2, clipNorm, emaMomentum, weightDecay, decays, rate = () => 1 } = options
  const { factor, epsilon } = adamCorrection(options, step)
  tf.tidy(() => {
    const scalars = tf.tensor1d([beta1, beta2, epsilon, emaMomentum, clipNorm])
    const norm = clipNorm > 0 ? squaredNorm([...gradients.values()]) : tf.scalar(0)
    const rates = (name: string): [number, number] => {
      const ownRate = learningRate * rate(name)
      return [ownRate * factor, decays?.(name) ? ownRate * weightDecay : 0]
    }
    const handles = (names: readonly string[]): Tensor[] =>
      [state.weights, state.first, state.second, state.averages].flatMap((of) =>
        names.map((name) => of.get(name)!.handle)
      )
    const dense = [...gradients.keys()].filter((name) => name !== lazy?.name)
    const settings = [tf.tensor1d(dense.flatMap(rates)), scalars, norm]
    const moved = dense.map((name) => gradients.get(name)!)
    rawOps('SohuAdam', [attr.int('N', dense.length)], [...handles(dense), ...moved, ...settings], 0)
    if (!lazy) return
    const own = [gradients.get(lazy.name)!, lazy.rows, tf.tensor1d(rates(lazy.name)), scalars, norm]
    rawOps('SohuAdamRows', [], [...handles([lazy.name]), ...own], 0)
  })
}

/** Over all elements. */
function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return rawOp('SohuSquaredNorm', [attr.int('N', tensors.length)], tensors)
}
