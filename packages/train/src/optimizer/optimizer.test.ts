import { describe, expect, it } from 'vitest'
import { tf } from '../tfjs'
import { Adam, clipByGlobalNorm } from './adam'
import { learningRateAt } from './schedule'
import { Variable } from './variable'

describe('the learning rate', () => {
  const options = { learningRate: 1, warmup: 0.1 }

  it('rises linearly, then stays, falls linearly, or falls as a cosine', () => {
    const at = (step: number, decay: 'none' | 'linear' | 'cosine'): number =>
      learningRateAt(step, 100, { ...options, decay })
    expect([at(1, 'none'), at(10, 'none'), at(100, 'none')]).toEqual([0.1, 1, 1])
    expect(at(55, 'linear')).toBeCloseTo(0.5, 12)
    expect(at(55, 'cosine')).toBeCloseTo(0.5, 12)
    expect(at(100, 'linear')).toBe(0)
  })

  it('starts at the peak without warm-up', () => {
    expect(learningRateAt(1, 100, { learningRate: 2, warmup: 0, decay: 'none' })).toBe(2)
  })
})

describe('decoupled weight decay', () => {
  it('takes learning rate x decay of the weights that decay, beside the same Adam step', () => {
    const run = (weightDecay: number): number[] => {
      const variables = new Map(['a.kernel', 'a.bias'].map((name) => [name, Variable.create(Float32Array.of(2), [1])]))
      const adam = new Adam(
        {
          form: 'keras',
          beta1: 0.9,
          beta2: 0.999,
          epsilon: 1e-7,
          weightDecay,
          decays: (name) => name.endsWith('.kernel')
        },
        variables
      )
      const gradient = tf.tensor1d([0.5])
      adam.apply(
        new Map([
          ['a.kernel', gradient],
          ['a.bias', gradient]
        ]),
        0.1,
        1
      )
      return [...variables.values()].map((variable) => variable.values()[0]!)
    }
    const [plainKernel, plainBias] = run(0)
    const [kernel, bias] = run(0.25)
    expect(bias).toBe(plainBias)
    expect(kernel).toBeCloseTo(plainKernel! - 0.1 * 0.25 * 2, 6) // float32: one rounding of a number near 2
  })
})

describe('clipping by the joint norm', () => {
  const clipped = (limit: number): number[] => {
    const gradients = new Map([
      ['x', tf.tensor1d([3, 0])],
      ['y', tf.tensor1d([4])]
    ])
    expect(clipByGlobalNorm(gradients, limit).dataSync()[0]).toBeCloseTo(5, 6)
    return [...gradients.values()].flatMap((gradient) => [...gradient.dataSync()])
  }

  it('scales all gradients alike when the norm is over the limit, and none below it', () => {
    const expected = [0.6, 0, 0.8]
    clipped(1).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6))
    expect(clipped(10)).toEqual([3, 0, 4])
  })
})

describe('a variable', () => {
  it('shares its memory with a read until it is written, and refuses values of another size', () => {
    const variable = Variable.create(Float32Array.of(1, 2), [2])
    const read = variable.read()
    variable.assign(Float32Array.of(3, 4))
    expect([...read.dataSync()]).toEqual([1, 2])
    expect([...variable.values()]).toEqual([3, 4])
    expect(() => variable.assign(Float32Array.of(1))).toThrow(/takes 2 values, not 1/)
  })
})
