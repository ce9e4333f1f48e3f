import { basename, dirname, join, resolve } from 'node:path'
import type { Arithmetic } from '../autograd/training-ops'
import { exists } from '../checkpoint/checkpoint'
import { fitToMachine, type MachineLacks } from '../run/machine'
import { DESCRIPTION, readRun } from '../run/run-folder'

/** How a checkpoint is evaluated, and what there is to say about it. */
export interface OwnArithmetic {
  readonly arithmetic: Arithmetic
  readonly notes: readonly string[]
}

/**
 * Precision and kernels of the run whose `best/` or `last/` the checkpoint is, as far as this machine has them, so that
 * its figures are those of the training; float32 and plain kernels for any other folder. Throws `checkpoint-invalid`.
 */
export async function arithmeticOf(checkpoint: string, lacks?: MachineLacks): Promise<OwnArithmetic> {
  const folder = resolve(checkpoint)
  const run = dirname(folder)
  const inRun = ['best', 'last'].includes(basename(folder)) && (await exists(join(run, DESCRIPTION)))
  if (!inRun) return { arithmetic: {}, notes: [] }
  const { settings: asked } = await readRun(run)
  const { settings, without } = fitToMachine(asked, lacks)
  const { precision, kernels } = settings
  const parts = [
    ...(precision === 'bfloat16' ? ['in bfloat16'] : []),
    ...(kernels === 'auto' ? ['with fused kernels'] : [])
  ]
  return {
    arithmetic: { precision, kernels },
    notes: [
      ...(parts.length > 0 ? [`Scored as its run was trained, ${parts.join(' ')}.`] : []),
      ...(without.withoutBfloat16
        ? ['Its run was in bfloat16, which this machine has no instructions for: scored in float32.']
        : []),
      ...(without.withoutKernels === undefined
        ? []
        : [`Its run used fused kernels, and here it is scored without: ${without.withoutKernels}.`])
    ]
  }
}
