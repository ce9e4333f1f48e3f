import { elementCount } from '@sohu-match/core'
import { recordOps } from '../profile/record-ops'
import { WORKLOADS, workloadBatch, workloadTrainer } from '../profile/workload'
import type { Trainer } from '../step/trainer'
import { firstGpu } from './first-gpu'

export interface StepCost {
  readonly stepsPerSecond: number
  readonly loss: number
  /**
   * Maximum bytes of all tensors during a step, including weights, moments and averages; bfloat16 counts as float32.
   */
  readonly tensorBytes: number
  /** MiB in use on the first GPU at the end, by all programs; absent if `nvidia-smi` does not report it. */
  readonly deviceMiB?: number
}

const WARM_UP = 3

/**
 * Measures `steps` updates as a whole: a GPU runs asynchronously, so the clock stops when the last loss has been read.
 * `settings` are keys of the training settings.
 */
export function measureSteps(size: keyof typeof WORKLOADS, settings: Record<string, unknown>, steps: number): StepCost {
  const workload = WORKLOADS[size]
  const trainer = workloadTrainer(workload, settings)
  const run = (first: number, count: number): number => {
    let loss = NaN
    for (let step = first; step < first + count; step++) {
      const tensor = trainer.step([workloadBatch(workload, step)], 2e-5, step)
      if (step === first + count - 1) loss = tensor.dataSync()[0]!
      tensor.dispose()
    }
    return loss
  }
  run(1, WARM_UP)
  const start = performance.now()
  const loss = run(1 + WARM_UP, steps)
  const seconds = (performance.now() - start) / 1000
  const { peakBytes } = recordOps(() => run(1 + WARM_UP + steps, 1))
  const deviceMiB = firstGpu('memory.used')
  return {
    stepsPerSecond: steps / seconds,
    loss,
    tensorBytes: peakBytes + stateBytes(trainer),
    ...(deviceMiB !== undefined && { deviceMiB })
  }
}

/** Weights, two moments and averages are resource variables, which TensorFlow.js does not count. */
function stateBytes({ variables }: Trainer): number {
  return 4 * [...variables.values()].reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0)
}
