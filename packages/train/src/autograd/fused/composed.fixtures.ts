import type { Tensor } from '../../tfjs'
import { add } from '../kernels/add'
import { dropout } from '../kernels/dropout'
import { layerNorm } from '../kernels/norm'
import type { Recorded } from '../tape'
import type { Dropout } from './kernels'

/** One plain kernel in a chain: `made` is the output of the one before, at first the first input. */
export type Step = (inputs: readonly Tensor[], made: Tensor) => Recorded

/** The plain kernels one after another: y = then(first(x)), with the gradients of the chain. */
export function composed(...steps: readonly Step[]): (...inputs: Tensor[]) => Recorded {
  return (...inputs) => {
    const made: Recorded[] = []
    for (const step of steps) made.push(step(inputs, made.at(-1)?.output ?? inputs[0]!))
    return {
      output: made.at(-1)!.output,
      saved: [],
      backward: (dy) => {
        const own: Tensor[][] = []
        let flowing = dy
        for (const { backward } of [...made].reverse()) {
          const [first, ...rest] = backward(flowing)
          own.unshift(rest as Tensor[])
          flowing = first!
        }
        return [flowing, ...own.flat()]
      }
    }
  }
}

/** Adds input `at`: a bias or a residual. */
export const adding =
  (at: number): Step =>
  (inputs, made) =>
    add(made, inputs[at]!)

export const dropping =
  ({ rate, seed }: Dropout): Step =>
  (_inputs, made) =>
    dropout(made, rate, seed)

/** Layer norm by inputs `at` and `at + 1`. */
export const norming =
  (at: number): Step =>
  (inputs, made) =>
    layerNorm(made, inputs[at]!, inputs[at + 1]!, 1e-12)
