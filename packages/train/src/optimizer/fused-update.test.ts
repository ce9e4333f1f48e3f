import { describe, expect, it } from 'vitest'
import { fusedKernelsMissing } from '../autograd/fused/native'
import { createRandom } from '../data/random'
import { tf } from '../tfjs'
import { Adam, clipByGlobalNorm } from './adam'
import { ExponentialMovingAverage } from './ema'
import { fusedUpdate } from './fused-update'
import { Variable } from './variable'

const SHAPES = { 'a.kernel': [70, 1000], 'a.bias': [1000], table: [40, 8] } as const

/** Weights, moments and averages after `steps` updates of random gradients, some of them over the limit of the norm. */
function trained(fused: boolean, { form, clipNorm }: { form: 'keras' | 'bert4keras'; clipNorm: number }) {
  const random = createRandom('fused update')
  const draw = (length: number, size: number): Float32Array =>
    Float32Array.from({ length }, () => size * random.normal())
  const variables = new Map(
    Object.entries(SHAPES).map(([name, shape]) => [
      name,
      Variable.create(
        draw(
          shape.reduce((a, b: number) => a * b, 1),
          1
        ),
        shape
      )
    ])
  )
  const options = {
    form,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-6,
    weightDecay: 0.1,
    decays: (name: string) => name !== 'a.bias',
    rate: (name: string) => (name === 'table' ? 3 : 1)
  }
  const adam = new Adam(options, variables)
  const ema = new ExponentialMovingAverage(0.9, variables)
  const rows = tf.tensor1d([3, 39, 0], 'int32')
  const state = {
    weights: variables,
    first: adam.momentsOf('first'),
    second: adam.momentsOf('second'),
    averages: ema.state()
  }
  for (let step = 1; step <= 4; step++) {
    const gradients = new Map([
      ['a.kernel', tf.tensor(draw(70_000, step), [70, 1000])],
      ['a.bias', tf.tensor(draw(1000, 0.1), [1000])],
      ['table', tf.tensor(draw(24, 1), [3, 8])]
    ])
    const lazy = { name: 'table', rows }
    if (fused) {
      fusedUpdate(state, { ...options, clipNorm, emaMomentum: 0.9 }, gradients, { learningRate: 0.01, step, lazy })
    } else {
      if (clipNorm > 0) clipByGlobalNorm(gradients, clipNorm).dispose()
      adam.apply(gradients, 0.01, step, lazy)
      ema.update()
    }
    tf.dispose([...gradients.values()])
  }
  const all = [
    ...variables,
    ...adam.state(),
    ...[...ema.state()].map(([name, variable]) => [`${name}.e`, variable] as const)
  ]
  return new Map(all.map(([name, variable]) => [name, variable.values()]))
}

describe.runIf(fusedKernelsMissing === undefined)('the fused update', () => {
  it.each([
    { form: 'keras', clipNorm: 0 },
    { form: 'keras', clipNorm: 500 },
    { form: 'bert4keras', clipNorm: 1 }
  ] as const)('is clipping, decay, Adam and average one after another, with %o', (settings) => {
    const [plain, fused] = [trained(false, settings), trained(true, settings)]
    expect([...fused.keys()]).toEqual([...plain.keys()])
    for (const [name, expected] of plain) {
      // four steps in float32: some roundings of the largest value each
      const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const error = fused.get(name)!.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
      expect(error, name).toBeLessThan(2e-6 * size)
    }
  })

  it('copies weights that a read still shares', () => {
    const [w, m, v, e] = [1, 2, 3, 4].map((value) => new Map([['w', Variable.create(Float32Array.of(value), [1])]]))
    const read = w!.get('w')!.read()
    const options = {
      form: 'keras',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
      weightDecay: 0,
      clipNorm: 0,
      emaMomentum: 0.5
    } as const
    const gradients = new Map([['w', tf.tensor1d([1])]])
    fusedUpdate({ weights: w!, first: m!, second: v!, averages: e! }, options, gradients, {
      learningRate: 0.1,
      step: 1
    })
    expect(read.dataSync()[0]).toBe(1)
    expect(w!.get('w')!.values()[0]).toBeLessThan(1)
  })
})
