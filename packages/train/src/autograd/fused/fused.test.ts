import { MODEL_ALTERNATIVES } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../data/random'
import { onGpu, tf, type Tensor } from '../../tfjs'
import { randomModel, smallBatch as batch, smallConfig } from '../gradients.fixtures'
import { add } from '../kernels/add'
import { dropout } from '../kernels/dropout'
import { gelu } from '../kernels/gelu'
import { layerNorm } from '../kernels/norm'
import { lossAndGradients, predict, type Model } from '../pass'
import type { Recorded } from '../tape'
import { randomKeep } from '../tensor-ops'
import type { Recompute } from '../training-ops'
import { biasGelu, branchNorm, branchSum, fusedKeep, type Dropout } from './kernels'
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

const drop: Dropout = { rate: 0.25, seed: [3, 4] }

/** The plain kernels one after another: y = then(first(x)), with the gradients of the chain. */
function composed(...steps: ((inputs: Tensor[], made: Tensor) => Recorded)[]): (...inputs: Tensor[]) => Recorded {
  return (...inputs) => {
    const made: Recorded[] = []
    for (const step of steps) made.push(step(inputs, made.at(-1)?.output ?? inputs[0]!))
    return {
      output: made.at(-1)!.output,
      saved: [],
      backward: (dy) => {
        const own: Tensor[][] = []
        let flowing = dy
        for (const { backward } of [...made].reverse()) {
          const [first, ...rest] = backward(flowing)
          own.unshift(rest as Tensor[])
          flowing = first!
        }
        return [flowing, ...own.flat()]
      }
    }
  }
}

const bias = (at: number) => (inputs: Tensor[], made: Tensor) => add(made, inputs[at]!)
const dropped = (_inputs: Tensor[], made: Tensor) => dropout(made, drop.rate, drop.seed)
const normed = (at: number) => (inputs: Tensor[], made: Tensor) => layerNorm(made, inputs[at]!, inputs[at + 1]!, 1e-12)

const cases: Case[] = [
  {
    name: 'bias and GELU',
    inputs: [normal(37, 50), normal(50)],
    fused: (product, b) => biasGelu(product!, b!),
    plain: composed(bias(1), (_, made) => gelu(made))
  },
  {
    name: 'bias alone',
    inputs: [normal(2, 9, 33), normal(33)],
    fused: (product, b) => branchSum({ product: product!, bias: b! }),
    plain: composed(bias(1))
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
    plain: composed(bias(1), dropped, bias(2))
  },
  {
    name: 'bias, dropout, residual and norm',
    inputs: [normal(3, 5, 32), normal(32), normal(3, 5, 32), normal(32), normal(32)],
    fused: (product, b, residual, gamma, beta) =>
      branchNorm({ product: product!, bias: b!, dropout: drop, residual: residual! }, gamma!, beta!, 1e-12),
    plain: composed(bias(1), dropped, bias(2), normed(3))
  },
  {
    name: 'conditional norm of a residual sum over many rows',
    inputs: [normal(7, 40, 16), normal(7, 40, 16), normal(7, 16), normal(7, 16)],
    fused: (product, residual, gamma, beta) =>
      branchNorm({ product: product!, residual: residual! }, gamma!, beta!, 1e-12),
    plain: composed(bias(1), normed(2))
  },
  {
    name: 'norm alone',
    inputs: [normal(70, 40), normal(40), normal(40)],
    fused: (product, gamma, beta) => branchNorm({ product: product! }, gamma!, beta!, 1e-12),
    plain: composed(normed(1))
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

function passOf(model: Model, kernels: 'plain' | 'auto', recompute: Recompute = 'none', rate = 0.2) {
  const pass = { kernels, recompute, dropout: { rate, seed: [7, 11] } } as const
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
    const [plain, fused] = [passOf(model, 'plain', 'none', rate), passOf(model, 'auto', 'none', rate)]
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

  it.each([{}, { pooling: 'cls', norm_position: 'pre' }])(
    'gives bit-equal gradients whatever is recomputed, %o',
    (more) => {
      const model = fusedModel(more)
      const reference = passOf(model, 'auto')
      expect(passOf(model, 'auto', 'attention')).toEqual(reference)
      expect(passOf(model, 'auto', 'layer')).toEqual(reference)
    }
  )

  it.each(['none', 'attention', 'layer'] as const)('frees every tensor of a pass, recompute %s', (recompute) => {
    const model = fusedModel({ norm_position: 'pre' })
    passOf(model, 'auto', recompute)
    const before = tf.memory().numTensors
    passOf(model, 'auto', recompute)
    predict(model, batch, { kernels: 'auto' }).dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
