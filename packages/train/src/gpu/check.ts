/**
 * One part of `npm run check:gpu` on TensorFlow, in its own process, so that a crash of the native library costs one
 * row of the table. Prints one JSON line. The environment chooses the device (CUDA_VISIBLE_DEVICES).
 */
import { compareCurve, compareGradients } from '../checkpoint/reference-curve'
import type { TrainSettings } from '../config'
import { writeDemoCorpus } from '../data/demo-corpus'
import type { WORKLOADS } from '../profile/workload'
import { onGpu, tf } from '../tfjs'
import { compareWith, writeGradients } from './gradients'
import { measureSteps } from './step'

type Size = keyof typeof WORKLOADS

const most = (values: Iterable<number>): number => Math.max(...values)

function reference() {
  const curve = compareCurve('bert4keras', 'none')
  return {
    gradients: most(compareGradients('none').values()),
    losses: curve.losses,
    logits: most([curve.logits, curve.averagedLogits]),
    weights: most([...curve.weights.values(), ...curve.averages.values()])
  }
}

const PARTS: Readonly<Record<string, (...flags: string[]) => object | Promise<object>>> = {
  probe: () => ({
    onGpu,
    tensorflow: (tf.backend() as unknown as { binding: { TF_Version: string } }).binding.TF_Version
  }),
  reference,
  data: async (folder) => {
    await writeDemoCorpus(folder!, { train: 48, valid: 12, test: 12 })
    return { folder }
  },
  write: (file, size, precision) => writeGradients(file!, size as Size, precision as TrainSettings['precision']),
  compare: (file, size, precision) => compareWith(file!, size as Size, precision as TrainSettings['precision']),
  step: (size, settings, steps) =>
    measureSteps(size as Size, JSON.parse(settings!) as Record<string, unknown>, Number(steps))
}

const [part, ...flags] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await PARTS[part!]!(...flags))}\n`)
