import { describe, expect, it } from 'vitest'
import { Adam, type AdamForm } from '../optimizer/adam'
import { ExponentialMovingAverage } from '../optimizer/ema'
import { Variable } from '../optimizer/variable'
import { fixture, fixtureJson, largestDifference, referenceModel, type Rows } from './parity.fixtures'
import { compareCurve, compareGradients, logitsOf } from './reference-curve'
import { tf } from '../tfjs'

/** Tolerances are those of the fixtures' README: float32 rounding seen there, times about twenty. */
describe.skipIf(!fixture('cln/cases.json'))('the classifier of bert4keras', () => {
  it('gives its logits for twelve pairs, one pair under all six tasks, and two documents of 512 tokens', () => {
    const model = referenceModel()
    const cases = fixtureJson<Rows & { long: Rows }>('cln/cases.json')
    expect(largestDifference(logitsOf(model, cases), cases.logits.flat())).toBeLessThan(2e-5)
    expect(largestDifference(logitsOf(model, cases.long), cases.long.logits.flat())).toBeLessThan(2e-5)
  })
})

describe.each(['none', 'attention', 'layer'] as const)(
  'twenty training steps of bert4keras, recompute %s',
  (recompute) => {
    it('has its gradients on the first batch', () => {
      for (const [name, difference] of compareGradients(recompute)) expect(difference, name).toBeLessThan(3e-5)
    })

    it.each(['keras', 'bert4keras'] as const)(
      'follows its curve with the Adam of %s: loss, weights, averages, logits',
      (form) => {
        const { losses, logits, averagedLogits, weights, averages } = compareCurve(form, recompute)
        expect(losses).toBeLessThan(1e-5)
        expect(logits).toBeLessThan(5e-5)
        for (const [name, difference] of weights) expect(difference, `final ${name}`).toBeLessThan(2e-4)
        for (const [name, difference] of averages) expect(difference, `ema ${name}`).toBeLessThan(2e-4)
        expect(averagedLogits).toBeLessThan(5e-5)
      }
    )
  }
)

describe('Adam and its average on recorded gradients', () => {
  interface Recorded {
    learning_rate: number
    x0: number[]
    gradients: number[][]
    runs: Record<AdamForm, Record<'params' | 'ema_raw' | 'ema_bias_corrected', number[][]> & { epsilon: number }>
  }
  const recorded = fixtureJson<Recorded>('adam-ema.json')

  it.each(['keras', 'bert4keras'] as const)('repeats every step of the Adam of %s', (form) => {
    const run = recorded.runs[form]
    const variables = new Map([['x', Variable.create(Float32Array.from(recorded.x0), [recorded.x0.length])]])
    const adam = new Adam({ form, beta1: 0.9, beta2: 0.999, epsilon: run.epsilon, weightDecay: 0 }, variables)
    const ema = new ExponentialMovingAverage(0.99, variables)
    recorded.gradients.forEach((values, index) => {
      const gradient = tf.tensor1d(values)
      adam.apply(new Map([['x', gradient]]), recorded.learning_rate, index + 1)
      ema.update()
      gradient.dispose()
      expect(largestDifference(variables.get('x')!.values(), run.params[index]!)).toBeLessThan(5e-6)
      expect(largestDifference(ema.state().get('x')!.values(), run.ema_raw[index]!)).toBeLessThan(5e-6)
      expect(largestDifference(ema.corrected(index + 1).get('x')!, run.ema_bias_corrected[index]!)).toBeLessThan(5e-6)
    })
  })
})
