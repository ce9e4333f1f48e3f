import { fusedKernelsMissing } from '../autograd/fused/native'
import type { TrainSettings } from '../config'
import { hasBfloat16 } from '../tfjs'

/** What this machine lacks of the settings that a run may ask for. */
export interface MachineLacks {
  readonly bfloat16: boolean
  /** Why there are no fused kernels. */
  readonly kernels: string | undefined
}

/** What a run does without, for its report. */
export interface Without {
  /** True where bfloat16 was asked for and the processor has none: the run is in float32. */
  readonly withoutBfloat16?: boolean
  /** Why the run is without the fused kernels that `kernels: auto` asks for. */
  readonly withoutKernels?: string
}

const here = (): MachineLacks => ({ bfloat16: !hasBfloat16(), kernels: fusedKernelsMissing })

/** The settings of a new run as this machine can run them, and what that leaves out. */
export function fitToMachine(asked: TrainSettings, lacks = here()): { settings: TrainSettings; without: Without } {
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

/** Why a run that asks for the fused kernels is without them. */
export function withoutKernels({ kernels }: TrainSettings, lacks = here()): Pick<Without, 'withoutKernels'> {
  return kernels === 'auto' && lacks.kernels !== undefined ? { withoutKernels: lacks.kernels } : {}
}
