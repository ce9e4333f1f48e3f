import { rmSync } from 'node:fs'
import { lossAndGradients } from '../autograd/pass'
import { readWeights, writeWeights } from '../checkpoint/weights-file'
import { WORKLOADS, workloadBatch, workloadTrainer } from '../profile/workload'
import { tf } from '../tfjs'
import type { TrainSettings } from '../config'

export interface GradientDifference {
  readonly loss: number
  readonly lossDifference: number
  /** Norm of the difference of all gradients together, over their norm. */
  readonly relative: number
  /** Cosine of the angle between the two gradients. */
  readonly cosine: number
}

type Precision = TrainSettings['precision']
type Size = keyof typeof WORKLOADS

const LOSS = 'loss'

/** Loss and gradients of one pass over 8 random pairs without dropout, which a GPU draws differently (`randomKeep`). */
function passOf(size: Size, precision: Precision): Map<string, { shape: readonly number[]; values: Float32Array }> {
  const workload = { ...WORKLOADS[size], pairs: 8 }
  const trainer = workloadTrainer(workload)
  const { loss, gradients } = lossAndGradients(trainer.model, workloadBatch(workload, 1), { precision })
  const tensors = new Map([...gradients, [LOSS, loss] as const])
  const read = new Map(
    [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, values: tensor.dataSync() as Float32Array }])
  )
  tf.dispose([...tensors.values()])
  trainer.dispose()
  return read
}

/** Writes loss and gradients of a pass to a safetensors file. */
export async function writeGradients(file: string, size: Size, precision: Precision): Promise<{ file: string }> {
  const tensors = [...passOf(size, precision)].map(([name, { shape, values }]) => ({ name, shape, read: () => values }))
  await writeWeights(file, tensors)
  return { file }
}

/** Compares a pass here with the one in `file`, which it removes. */
export function compareWith(file: string, size: Size, precision: Precision): GradientDifference {
  const here = passOf(size, precision)
  const loss = here.get(LOSS)!.values[0]!
  const sums = { difference: 0, here: 0, there: 0, product: 0 }
  let lossDifference = NaN
  readWeights(file, new Map([...here].map(([name, { shape }]) => [name, shape])), (name, there) => {
    if (name === LOSS) lossDifference = Math.abs(loss - there[0]!)
    else addTo(sums, here.get(name)!.values, there)
  })
  rmSync(file)
  return {
    loss,
    lossDifference,
    relative: Math.sqrt(sums.difference / sums.there),
    cosine: sums.product / Math.sqrt(sums.here * sums.there)
  }
}

function addTo(
  sums: Record<'difference' | 'here' | 'there' | 'product', number>,
  here: Float32Array,
  there: Float32Array
): void {
  for (let i = 0; i < here.length; i++) {
    const [a, b] = [here[i]!, there[i]!]
    sums.difference += (a - b) ** 2
    sums.here += a * a
    sums.there += b * b
    sums.product += a * b
  }
}
