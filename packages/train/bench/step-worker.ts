/** One process of the step bench: alternates updates of each variant with the matrix products alone, and prints one JSON line. */
import { elementCount } from '@sohu-match/core'
import { FLOAT32, NARROW } from '../src/autograd/products'
import { recordOps } from '../src/profile/record-ops'
import { WORKLOADS, workloadBatch, workloadTrainer, type Workload } from '../src/profile/workload'
import type { Trainer } from '../src/step/trainer'
import { narrow, tf, type Tensor } from '../src/tfjs'
import { timed, type Timing } from './timing'
import { VARIANTS, type ProductsName, type VariantName } from './variants'

/** What the worker prints. */
export interface WorkerReport {
  readonly timings: Partial<Record<VariantName | ProductsName, Timing[]>>
  /** Bytes: resident at most in this process; of all tensors at most, variables included. */
  readonly peakRss: number
  readonly peakTensorBytes: number
  readonly reads: number
}

const [size, names, rounds, padding] = process.argv.slice(2)
const workload: Workload = { ...WORKLOADS[size as keyof typeof WORKLOADS], padding: Number(padding ?? 0) }
const asked = names!.split('|')
const variants = asked.filter((name): name is VariantName => name in VARIANTS)

/** Forward and twice as much backward: the products of a step, on random matrices of their shapes. */
function matrixProducts(workload: Workload, isNarrow: boolean): () => void {
  const { layers, hidden, heads, intermediate = 4 * hidden, pairs, tokens } = workload
  const { batchMatMul, matMul } = isNarrow ? NARROW : FLOAT32
  const normal = (shape: number[]): Tensor =>
    isNarrow ? tf.tidy(() => narrow(tf.randomNormal(shape))) : tf.randomNormal(shape)
  const rows = pairs * tokens
  const dense = [
    [hidden, hidden, 4],
    [hidden, intermediate, 1],
    [intermediate, hidden, 1]
  ].map(([inner, outer, count]) => ({
    count: count! * layers,
    x: normal([rows, inner!]),
    kernel: normal([inner!, outer!]),
    dy: normal([rows, outer!])
  }))
  const [query, probs] = [normal([pairs, heads, tokens, hidden / heads]), normal([pairs, heads, tokens, tokens])]
  const run = (product: Tensor): void => product.dispose()
  return () => {
    for (const { count, x, kernel, dy } of dense) {
      for (let i = 0; i < count; i++) {
        run(matMul(x, kernel))
        run(matMul(dy, kernel, false, true))
        run(matMul(x, dy, true, false))
      }
    }
    for (let i = 0; i < layers; i++) {
      run(batchMatMul(query, query, false, true)) // scores; in the backward pass dP, and the products with dS and P
      run(batchMatMul(probs, query))
      run(batchMatMul(query, query, false, true))
      run(batchMatMul(probs, query))
      run(batchMatMul(probs, query, true, false))
      run(batchMatMul(probs, query, true, false))
    }
  }
}

function stepper(trainer: Trainer): (step: number) => void {
  return (step) => trainer.step([workloadBatch(workload, step)], 2e-5, step).dispose()
}

const trainers = variants.map((name) => workloadTrainer(workload, VARIANTS[name]))
const runs: (readonly [string, (step: number) => void])[] = [
  ...(['products', 'products bfloat16'] as const)
    .filter((name) => asked.includes(name))
    .map((name) => [name, matrixProducts(workload, name === 'products bfloat16')] as const),
  ...variants.map((name, i) => [name, stepper(trainers[i]!)] as const)
]
const timings: Record<string, Timing[]> = {}
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, run] of runs) {
    const timing = await timed(() => run(round + 2))
    if (round >= 0) (timings[name] ??= []).push(timing)
  }
}
const peakRss = process.resourceUsage().maxRSS * 1024
const [trainer] = trainers
const variableBytes = trainer
  ? 3 * [...trainer.variables.values()].reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0)
  : 0
const recording = trainer && recordOps(() => stepper(trainer)(Number(rounds) + 2))
process.stdout.write(
  `${JSON.stringify({
    timings,
    peakRss,
    peakTensorBytes: (recording?.peakBytes ?? 0) + variableBytes,
    reads: recording?.reads ?? 0
  } satisfies WorkerReport)}\n`
)
