import { fusedKernelsMissing } from '../autograd/fused/native'
import type { TrainSettings } from '../config'
import { hasBfloat16 } from '../tfjs'

/** Features that this machine lacks and settings may ask for. */
export interface MachineLacks {
  readonly bfloat16: boolean
  /** The reason why there are no fused kernels. */
  readonly kernels: string | undefined
}

/** Features that a run asked for and does without. */
export interface Without {
  /** bfloat16 was requested, but the processor or the GPU lacks it, so the run is in float32. */
  readonly withoutBfloat16?: boolean
  /** The reason why the run has no fused kernels despite `kernels: auto`. */
  readonly withoutKernels?: string
}

const here = (): MachineLacks => ({ bfloat16: !hasBfloat16(), kernels: fusedKernelsMissing })

/** Adapts settings to this machine; `without` says what changed. */
export function fitToMachine(
  asked: TrainSettings,
  lacks: MachineLacks = here()
): { settings: TrainSettings; without: Without } {
  const withoutBfloat16 = asked.precision !== 'float32' && lacks.bfloat16
  const without = { ...(withoutBfloat16 && { withoutBfloat16 }), ...withoutKernels(asked, lacks) }
  return {
    settings: {
      ...asked,
      ...(withoutBfloat16 && { precision: 'float32' }),
      ...(without.withoutKernels !== undefined && { kernels: 'plain' })
    },
    without
  }
}

export function withoutKernels({ kernels }: TrainSettings, lacks = here()): Pick<Without, 'withoutKernels'> {
  return kernels === 'auto' && lacks.kernels !== undefined ? { withoutKernels: lacks.kernels } : {}
}
