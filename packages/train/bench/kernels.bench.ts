/** Each fused kernel against the plain operations that it replaces, forward and backward, at the shapes of `encoder`: CPU time. */
import { cpus, loadavg } from 'node:os'
import { parameterSpecs } from '@sohu-match/core'
import { fusedAttention } from '../src/autograd/fused/attention'
import { adding, composed, dropping, norming } from '../src/autograd/fused/composed.fixtures'
import { biasGelu, biasRotary, branchNorm, fusedKeep } from '../src/autograd/fused/kernels'
import { fusedKernelsMissing } from '../src/autograd/fused/native'
import { attention } from '../src/autograd/kernels/attention'
import { gelu } from '../src/autograd/kernels/gelu'
import { rotary, rotaryTensors } from '../src/autograd/kernels/rotary'
import { FLOAT32, NARROW } from '../src/autograd/products'
import type { Recorded } from '../src/autograd/tape'
import { randomKeep } from '../src/autograd/tensor-ops'
import { clipByGlobalNorm } from '../src/optimizer/adam'
import { fusedUpdate } from '../src/optimizer/fused-update'
import { WORKLOADS, workloadTrainer } from '../src/profile/workload'
import { isNarrow, narrow, tf, type Tensor } from '../src/tfjs'
import { median, timed } from './timing'

/** Runs of each form in a round, and rounds, alternating: node dist/bench/kernels.bench.js [runs] [rounds]. */
const [RUNS, ROUNDS] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 9)]
const { pairs, tokens, hidden, heads } = WORKLOADS.encoder
const wide = 4 * hidden
const drop = { rate: 0.1, seed: [3, 4] } as const
const normal = (...shape: number[]): Tensor => tf.randomNormal(shape)
const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Forms of one computation; each frees what it makes. */
interface Row {
  readonly name: string
  readonly forms: Readonly<Record<'plain' | 'fused' | 'bfloat16', (() => void) | undefined>>
}

/** A kernel in both forms, and the fused one again with inputs `narrowed` in bfloat16. */
function kernel(
  name: string,
  inputs: Tensor[],
  plain: (...inputs: Tensor[]) => Recorded,
  fused: (...inputs: Tensor[]) => Recorded,
  { narrowed, outputIsNarrow = true }: { narrowed: number[]; outputIsNarrow?: boolean }
): Row {
  const dy = normal(...plain(...inputs).output.shape)
  const short = inputs.map((input, i) => (narrowed.includes(i) ? narrow(input) : input))
  const run = (of: (...inputs: Tensor[]) => Recorded, from: Tensor[], gradient: Tensor) => () =>
    void of(...from).backward(gradient)
  return {
    name,
    forms: {
      plain: run(plain, inputs, dy),
      fused: run(fused, inputs, dy),
      bfloat16: run(fused, short, outputIsNarrow ? narrow(dy) : dy)
    }
  }
}

function kernels(): Row[] {
  const x = (): Tensor => normal(pairs, tokens, hidden)
  const turns = rotaryTensors(tokens, heads, hidden / heads)
  const elements = pairs * tokens * hidden
  return [
    {
      name: `product, ${pairs * tokens} x ${hidden} by ${hidden} x ${wide}`,
      forms: products(normal(pairs * tokens, hidden), normal(hidden, wide))
    },
    kernel(
      'bias, GELU',
      [normal(pairs * tokens, wide), normal(wide)],
      composed(adding(1), (_, made) => gelu(made)),
      (product, bias) => biasGelu(product!, bias!),
      { narrowed: [0] }
    ),
    kernel(
      'bias, dropout, residual, norm',
      [x(), normal(hidden), x(), normal(hidden), normal(hidden)],
      composed(adding(1), dropping(drop), adding(2), norming(3)),
      (product, bias, residual, gamma, beta) =>
        branchNorm({ product: product!, bias: bias!, dropout: drop, residual: residual! }, gamma!, beta!, {
          epsilon: 1e-12,
          toNarrow: isNarrow(product!)
        }),
      { narrowed: [0], outputIsNarrow: false }
    ),
    kernel(
      'bias, rotation',
      [x(), normal(hidden)],
      composed(adding(1), (_, made) => rotary(made, turns)),
      (product, bias) => biasRotary(product!, bias!, turns.forward),
      { narrowed: [0] }
    ),
    kernel(
      'attention, with its products',
      [x(), x(), x()],
      (q, k, v) => attention(q!, k!, v!, null, heads, false),
      (q, k, v) => fusedAttention(q!, k!, v!, null, heads, false),
      { narrowed: [0, 1, 2] }
    ),
    {
      name: 'dropout mask',
      forms: {
        plain: () => void randomKeep(elements, drop.rate, drop.seed),
        fused: () => void fusedKeep(elements, drop),
        bfloat16: undefined
      }
    },
    { name: 'clipping, Adam, average', forms: updates() }
  ]
}

function products(a: Tensor, b: Tensor): Row['forms'] {
  const [short, other] = [narrow(a), narrow(b)]
  return { plain: () => void FLOAT32.matMul(a, b), fused: undefined, bfloat16: () => void NARROW.matMul(short, other) }
}

/** Of all parameters of the network, with random gradients; clipping scales them, so they are copied for the plain form. */
function updates(): Row['forms'] {
  const { adam, ema, model, variables } = workloadTrainer(WORKLOADS.encoder)
  const gradients = new Map(parameterSpecs(model.config).map(({ name, shape }) => [name, normal(...shape)]))
  const options = { form: 'keras', beta1: 0.9, beta2: 0.98, epsilon: 1e-7, weightDecay: 0 } as const
  const moments = { first: adam.momentsOf('first'), second: adam.momentsOf('second') }
  const state = { weights: variables, ...moments, averages: ema.state() }
  const settings = { ...options, clipNorm: 1, emaMomentum: 0.9999 }
  return {
    plain: () => {
      const copies = new Map([...gradients].map(([name, gradient]) => [name, gradient.clone()]))
      clipByGlobalNorm(copies, 1).dispose()
      adam.apply(copies, 1e-5, 10)
      ema.update()
    },
    fused: () => fusedUpdate(state, settings, gradients, { learningRate: 1e-5, step: 10 }),
    bfloat16: undefined
  }
}

/** Milliseconds of CPU time of one run, the median of alternating rounds after one to warm up. */
async function measure({ forms }: Row): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {}
  for (let round = -1; round < ROUNDS; round++) {
    for (const [form, run] of Object.entries(forms)) {
      if (!run) continue
      const { cpu } = await timed(() => {
        for (let i = 0; i < RUNS; i++) tf.tidy(run)
      })
      if (round >= 0) (times[form] ??= []).push((1e3 * cpu) / RUNS)
    }
  }
  return Object.fromEntries(Object.entries(times).map(([form, values]) => [form, median(values)]))
}

if (fusedKernelsMissing !== undefined) print(`fused kernels left out: ${fusedKernelsMissing}\n`)
else {
  print(
    `kernels, forward and backward, ${pairs} x ${tokens} x ${hidden}, ${heads} heads, feed-forward ${wide}: CPU ms, medians of ${ROUNDS} alternating rounds; ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`
  )
  const text = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(2)).padStart(16)
  print(`${''.padEnd(34)}${['plain', 'fused', 'fused, bfloat16'].map((name) => name.padStart(16)).join('')}`)
  for (const row of kernels()) {
    const { plain, fused, bfloat16 } = await measure(row)
    print(`${row.name.padEnd(34)}${[plain, fused, bfloat16].map(text).join('')}`)
  }
  print('')
}
