import { MODEL_ALTERNATIVES } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../data/random'
import { narrow, onGpu, tf, type Tensor } from '../../tfjs'
import { randomModel, smallBatch as batch, smallConfig } from '../gradients.fixtures'
import { attention, MASKED } from '../kernels/attention'
import { gelu } from '../kernels/gelu'
import { rotary, rotaryTensors } from '../kernels/rotary'
import { lossAndGradients, predict, type Model, type TrainingPass } from '../pass'
import type { Recorded } from '../tape'
import { randomKeep, sumOfBoth } from '../tensor-ops'
import { fusedAttention } from './attention'
import { adding, composed, dropping, norming } from './composed.fixtures'
import { biasGelu, biasRotary, branchNorm, branchSum, fusedKeep, type Dropout } from './kernels'
import { fusedKernelsMissing } from './native'

const random = createRandom('fused kernels')
const normal = (...shape: number[]): Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape
  )
const far = (a: Tensor, b: Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!

it.runIf(process.platform === 'linux' && !onGpu)('set-up has compiled the fused kernels', () => {
  expect(fusedKernelsMissing).toBeUndefined()
})

/** A fused kernel and the plain kernels that it stands for; `inputs` are the differentiable ones, in the order of its gradients. */
interface Case {
  readonly name: string
  readonly inputs: Tensor[]
  readonly fused: (...inputs: Tensor[]) => Recorded
  readonly plain: (...inputs: Tensor[]) => Recorded
}

const keyBias = tf.tensor4d([0, 0, 0, MASKED, 0, MASKED, 0, 0], [2, 1, 1, 4])
/** Of seven positions and three heads of 8. */
const turns = rotaryTensors(7, 3, 8)
const drop: Dropout = { rate: 0.25, seed: [3, 4] }

const dropped = dropping(drop)

const cases: Case[] = [
  {
    name: 'bias and GELU',
    inputs: [normal(37, 50), normal(50)],
    fused: (product, b) => biasGelu(product!, b!),
    plain: composed(adding(1), (_, made) => gelu(made))
  },
  {
    name: 'bias and rotation',
    inputs: [normal(3, 7, 24), normal(24)],
    fused: (product, b) => biasRotary(product!, b!, turns.forward),
    plain: composed(adding(1), (_, made) => rotary(made, turns))
  },
  {
    name: 'bias alone',
    inputs: [normal(2, 9, 33), normal(33)],
    fused: (product, b) => branchSum({ product: product!, bias: b! }),
    plain: composed(adding(1))
  },
  {
    name: 'dropout alone',
    inputs: [normal(2, 9, 33)],
    fused: (product) => branchSum({ product: product!, dropout: drop }),
    plain: composed(dropped)
  },
  {
    name: 'bias, dropout and residual',
    inputs: [normal(3, 5, 32), normal(32), normal(3, 5, 32)],
    fused: (product, b, residual) => branchSum({ product: product!, bias: b!, dropout: drop, residual: residual! }),
    plain: composed(adding(1), dropped, adding(2))
  },
  {
    name: 'bias, dropout, residual and norm',
    inputs: [normal(3, 5, 32), normal(32), normal(3, 5, 32), normal(32), normal(32)],
    fused: (product, b, residual, gamma, beta) =>
      branchNorm({ product: product!, bias: b!, dropout: drop, residual: residual! }, gamma!, beta!, {
        epsilon: 1e-12
      }),
    plain: composed(adding(1), dropped, adding(2), norming(3))
  },
  {
    name: 'conditional norm of a residual sum over many rows',
    inputs: [normal(7, 40, 16), normal(7, 40, 16), normal(7, 16), normal(7, 16)],
    fused: (product, residual, gamma, beta) =>
      branchNorm({ product: product!, residual: residual! }, gamma!, beta!, { epsilon: 1e-12 }),
    plain: composed(adding(1), norming(2))
  },
  {
    name: 'attention',
    inputs: [normal(2, 1, 8), normal(2, 4, 8), normal(2, 4, 8)],
    fused: (q, k, v) => fusedAttention(q!, k!, v!, keyBias, 2, false),
    plain: (q, k, v) => attention(q!, k!, v!, keyBias, 2, false)
  },
  {
    name: 'norm alone',
    inputs: [normal(70, 40), normal(40), normal(40)],
    fused: (product, gamma, beta) => branchNorm({ product: product! }, gamma!, beta!, { epsilon: 1e-12 }),
    plain: composed(norming(1))
  }
]

describe.runIf(fusedKernelsMissing === undefined).each(cases)('$name', ({ inputs, fused, plain }) => {
  // float32 sums of at most a few hundred terms of size one: rounding stays below 1e-5 of the largest
  it('is the plain kernels one after another, with their gradients', () => {
    tf.tidy(() => {
      const [one, other] = [fused(...inputs), plain(...inputs)]
      expect(far(one.output, other.output)).toBeLessThan(1e-5)
      const dy = normal(...one.output.shape)
      const [ours, theirs] = [one.backward(dy), other.backward(dy)]
      expect(ours).toHaveLength(inputs.length)
      ours.forEach((gradient, i) => {
        expect(gradient!.shape).toEqual(inputs[i]!.shape)
        const size = tf.max(tf.abs(theirs[i]!)).dataSync()[0]!
        expect(far(gradient!, theirs[i]!), `input ${i}`).toBeLessThan(1e-5 * Math.max(1, size))
      })
    })
  })

  // central differences with h = 1e-2 in float32: truncation h² and rounding 1e-7 / h are both near 1e-4, sums of them below 2e-2 of the size
  it('agrees with finite differences along random directions', () => {
    tf.tidy(() => {
      const { output, backward } = fused(...inputs)
      const dy = normal(...output.shape)
      backward(dy).forEach((gradient, i) => {
        const direction = normal(...inputs[i]!.shape)
        const at = (h: number): number => {
          const moved = inputs.map((x, j) => (i === j ? tf.add(x, tf.mul(direction, h)) : x))
          return tf.sum(tf.mul(fused(...moved).output, dy)).dataSync()[0]!
        }
        const slope = (at(1e-2) - at(-1e-2)) / 2e-2
        const expected = tf.sum(tf.mul(gradient!, direction)).dataSync()[0]!
        expect(Math.abs(slope - expected)).toBeLessThan(0.02 * Math.max(1, Math.abs(expected)))
      })
    })
  })

  it('gives the same bits again', () => {
    tf.tidy(() => {
      const dy = normal(...fused(...inputs).output.shape)
      const bits = (): number[][] => {
        const { output, backward } = fused(...inputs)
        return [output, ...backward(dy)].map((tensor) => [...tensor!.dataSync()])
      }
      expect(bits()).toEqual(bits())
    })
  })
})

describe.runIf(fusedKernelsMissing === undefined)('the fused dropout mask', () => {
  it.each([1, 2, 7, 255, 256, 257, 4099, 100_000])('is that of the plain form, %i elements', (elements) => {
    for (const seed of [
      [3, 4],
      [-1, 2 ** 31 - 1],
      [1024 * 17 + 5, 64 * 900]
    ] as const) {
      const [mask, expected] = [fusedKeep(elements, { rate: 0.1, seed }), randomKeep(elements, 0.1, seed, true)]
      expect(Buffer.compare(Buffer.from(mask.dataSync()), Buffer.from(expected.dataSync()))).toBe(0)
    }
  })
})

const fusedModel = (more: object): Model => randomModel(smallConfig(more), 'fused kernels')

function passOf(
  model: Model,
  kernels: 'plain' | 'auto',
  more: Pick<TrainingPass, 'recompute' | 'precision'> = {},
  rate = 0.2
) {
  const pass: TrainingPass = { kernels, ...more, dropout: { rate, seed: [7, 11] } }
  const { loss, gradients } = lossAndGradients(model, batch, pass)
  const values = new Map([...gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]]))
  const result = { loss: loss.dataSync()[0]!, gradients: values }
  tf.dispose([loss, ...gradients.values()])
  return result
}

const CROSS_ENCODERS = MODEL_ALTERNATIVES.filter(({ architecture }) => architecture !== 'bi-encoder')

describe.runIf(fusedKernelsMissing === undefined)('the network on fused kernels', () => {
  it.each(CROSS_ENCODERS)('has the plain loss and gradients with %o', (switches) => {
    const model = fusedModel(switches)
    // masks are the same, but for [CLS] alone, which has smaller ones in the last layer
    const rate = model.config.pooling === 'cls' ? 0 : 0.2
    const [plain, fused] = [passOf(model, 'plain', {}, rate), passOf(model, 'auto', {}, rate)]
    expect(fused.loss).toBeCloseTo(plain.loss, 5)
    expect([...fused.gradients.keys()].sort()).toEqual([...plain.gradients.keys()].sort())
    for (const [name, expected] of plain.gradients) {
      const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2)
      const error = expected.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - fused.gradients.get(name)![i]!)),
        0
      )
      expect(error, name).toBeLessThan(1e-4 * size) // float32 through three layers
    }
    const [one, other] = [predict(model, batch), predict(model, batch, { kernels: 'auto' })]
    expect(far(one, other)).toBeLessThan(1e-4)
  })

  it.each(CROSS_ENCODERS)('points in bfloat16 where the gradients of float32 do, with %o', (switches) => {
    const model = fusedModel(switches)
    const flat = (precision: 'float32' | 'bfloat16'): number[] => {
      const { gradients } = passOf(model, 'auto', { precision })
      return [...gradients.keys()].sort().flatMap((name) => gradients.get(name)!)
    }
    const [exact, half] = [flat('float32'), flat('bfloat16')]
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    // 8 bits of every product and of what only products read, over three layers
    expect(dot(exact, half) / Math.sqrt(dot(exact, exact) * dot(half, half))).toBeGreaterThan(0.999)
    expect(half).not.toEqual(exact)
  })

  const precisions = ['float32', 'bfloat16'] as const
  const networks = [{}, { pooling: 'cls', norm_position: 'pre' }, { position_embedding_type: 'absolute' }]
  const settings = precisions.flatMap((precision) => networks.map((more) => ({ precision, more })))

  it.each(settings)('gives bit-equal gradients whatever is recomputed, with %o', ({ precision, more }) => {
    const model = fusedModel(more)
    const reference = passOf(model, 'auto', { precision })
    expect(passOf(model, 'auto', { precision })).toEqual(reference)
    expect(passOf(model, 'auto', { precision, recompute: 'attention' })).toEqual(reference)
    expect(passOf(model, 'auto', { precision, recompute: 'layer' })).toEqual(reference)
  })

  it.each(settings)('frees every tensor of a pass, with %o', ({ precision, more }) => {
    const model = fusedModel(more)
    for (const recompute of ['none', 'attention', 'layer'] as const) {
      passOf(model, 'auto', { precision, recompute })
      const before = tf.memory().numTensors
      passOf(model, 'auto', { precision, recompute })
      predict(model, batch, { kernels: 'auto' }).dispose()
      expect(tf.memory().numTensors, recompute).toBe(before)
    }
  })
})

describe.runIf(fusedKernelsMissing === undefined)('the sum of both widths', () => {
  it('is that of float32 where bfloat16 holds the numbers', () => {
    const whole = tf.tensor1d([1, -2, 3])
    const [sum, one] = [sumOfBoth([whole, tf.tensor1d([0.1, 0.2, 0.3]), narrow(whole)]), sumOfBoth([narrow(whole)])]
    const expected = [2.1, -3.8, 6.3]
    sum.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6))
    expect([...one.dataSync()]).toEqual([1, -2, 3])
  })

  it('refuses tensors of different shapes', () => {
    expect(() => sumOfBoth([tf.ones([2]), narrow(tf.ones([3]))])).toThrow(/one shape/)
  })
})
