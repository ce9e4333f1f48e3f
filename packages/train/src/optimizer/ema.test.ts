import { describe, expect, it } from 'vitest'
import { createRandom } from '../data/random'
import { onGpu, tf } from '../tfjs'
import { ExponentialMovingAverage } from './ema'
import { Variable } from './variable'

describe.each([
  ['in place', true],
  ['by a difference', false]
])('the average of weights %s', (_, inPlace) => {
  it.skipIf(onGpu && inPlace).each([0.5, 0.9, 0.9999])(
    'follows its formula over 50 updates, momentum %d',
    (momentum) => {
      const random = createRandom('ema')
      const weights = Variable.zeros([6])
      const ema = new ExponentialMovingAverage(momentum, new Map([['w', weights]]), inPlace)
      let expected = new Float64Array(6)
      for (let step = 1; step <= 50; step++) {
        const values = Float32Array.from({ length: 6 }, () => random.normal())
        weights.assign(values)
        ema.update()
        expected = expected.map((value, i) => momentum * value + (1 - momentum) * values[i]!)
      }
      const raw = ema.state().get('w')!.values()
      // 50 roundings of float32 at the size of the average
      const size = Math.max(...expected.map(Math.abs))
      expected.forEach((value, i) => expect(Math.abs(raw[i]! - value)).toBeLessThan(5e-6 * size))
      const corrected = ema.corrected(50).get('w')!
      expected.forEach((value, i) => expect(corrected[i]! * (1 - momentum ** 50)).toBeCloseTo(value, 5))
      ema.dispose()
      weights.dispose()
    }
  )
})

describe('the average of weights', () => {
  it('is the weights themselves at momentum 0, and keeps no tensor', () => {
    const weights = Variable.create(Float32Array.of(1, -2, 3), [3])
    const ema = new ExponentialMovingAverage(0, new Map([['w', weights]]))
    ema.update()
    const { numTensors } = tf.memory()
    ema.update()
    expect(tf.memory().numTensors).toBe(numTensors)
    expect([...ema.corrected(2).get('w')!]).toEqual([1, -2, 3])
    ema.dispose()
    weights.dispose()
  })
})
