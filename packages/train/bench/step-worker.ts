import { elementCount } from '@sohu-match/core'
/** One process of the step bench: alternates updates of each recompute mode with the matrix products alone, and prints one JSON line. */
import { FLOAT32 } from '../src/autograd/products'
import type { Recompute } from '../src/autograd/training-ops'
import { recordOps } from '../src/profile/record-ops'
import { BASE, SMALL, workloadBatch, workloadTrainer, type Workload } from '../src/profile/workload'
import { tf, type Tensor } from '../src/tfjs'
import type { Trainer } from '../src/step/trainer'

const { batchMatMul, matMul } = FLOAT32

/** Seconds of one run. */
export interface Timing {
  wall: number
  cpu: number
}

/** What the worker prints. */
export interface WorkerReport {
  readonly steps: Partial<Record<Recompute, Timing[]>>
  readonly products: Timing[]
  /** Bytes: resident at most in this process; of all tensors at most, variables included. */
  readonly peakRss: number
  readonly peakTensorBytes: number
  readonly reads: number
}

const [size, modeList, rounds, padding] = process.argv.slice(2)
const workload: Workload = { ...(size === 'base' ? BASE : SMALL), padding: Number(padding ?? 0) }
const modes = (modeList ?? 'none').split(',').filter((mode): mode is Recompute => mode !== 'products')
const withProducts = modeList!.includes('products')

/** Forward and twice as much backward: the products of a step, on random matrices of their shapes. */
function matrixProducts({ layers, hidden, heads, pairs, tokens }: Workload): () => void {
  const rows = pairs * tokens
  const dense = [
    [hidden, hidden, 4],
    [hidden, 4 * hidden, 1],
    [4 * hidden, hidden, 1]
  ].map(([inner, outer, count]) => ({
    count: count! * layers,
    x: tf.randomNormal([rows, inner!]),
    kernel: tf.randomNormal([inner!, outer!]),
    dy: tf.randomNormal([rows, outer!])
  }))
  const [query, probs] = [
    tf.randomNormal([pairs, heads, tokens, hidden / heads]),
    tf.randomNormal([pairs, heads, tokens, tokens])
  ]
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

function timed(run: () => void): Timing {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  run()
  const { user, system } = process.cpuUsage(cpu)
  return { wall: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 }
}

function trainers(): Map<Recompute, Trainer> {
  return new Map(modes.map((recompute) => [recompute, workloadTrainer(workload, { recompute })]))
}

function stepper(trainer: Trainer): (step: number) => void {
  return (step) => trainer.step([workloadBatch(workload, step)], 2e-5, step).dispose()
}

const all = trainers()
const products = withProducts ? matrixProducts(workload) : undefined
const report = { steps: {} as Record<string, Timing[]>, products: [] as Timing[] }
for (let round = -1; round < Number(rounds); round++) {
  if (products) {
    const timing = timed(products)
    if (round >= 0) report.products.push(timing)
  }
  for (const [mode, trainer] of all) {
    const timing = timed(() => stepper(trainer)(round + 2))
    if (round >= 0) (report.steps[mode] ??= []).push(timing)
  }
}
const peakRss = process.resourceUsage().maxRSS * 1024
const [trainer] = all.values()
const variableBytes = trainer
  ? 3 * [...trainer.variables.values()].reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0)
  : 0
const recording = trainer && recordOps(() => stepper(trainer)(Number(rounds) + 2))
process.stdout.write(
  `${JSON.stringify({
    ...report,
    peakRss,
    peakTensorBytes: (recording?.peakBytes ?? 0) + variableBytes,
    reads: recording?.reads ?? 0
  } satisfies WorkerReport)}\n`
)
