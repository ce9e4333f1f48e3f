import { describe, expect, it } from 'vitest'
import { lossAndGradients, predict, type Model } from '../autograd/pass'
import { Adam, type AdamForm } from '../optimizer/adam'
import { ExponentialMovingAverage } from '../optimizer/ema'
import { Variable } from '../optimizer/variable'
import { fixture, fixtureJson, fixtureTensors, largestDifference, referenceModel, toBatch } from './parity.fixtures'
import { tf } from '../tfjs'

/** Tolerances are those of the fixtures' README: float32 rounding seen there, times about twenty. */
type Rows = {
  token_ids: number[][]
  segment_ids: number[][]
  conditions: number[]
  labels?: number[]
  logits: number[][]
}
interface Curve {
  learning_rate: number
  ema_momentum: number
  runs: Record<
    AdamForm,
    { epsilon: number; loss: number[]; final_eval_logits: number[][]; ema_eval_logits: number[][] }
  >
}

const logitsOf = (model: Model, rows: Omit<Rows, 'logits'>): Float32Array =>
  tf.tidy(() => predict(model, toBatch(rows)).dataSync() as Float32Array)

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
    const batches = fixtureJson<{ batches: Rows[]; eval: Rows }>('train-curve/batches.json')
    const curve = fixtureJson<Curve>('train-curve/curve.json')

    it('has its gradients on the first batch', () => {
      const { loss, gradients } = lossAndGradients(referenceModel(), toBatch(batches.batches[0]!), { recompute })
      const expected = fixtureTensors('train-curve/grad-first-batch.safetensors')
      expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort())
      for (const [name, gradient] of gradients) {
        expect(largestDifference(gradient.dataSync(), expected.get(name)!), name).toBeLessThan(3e-5)
        gradient.dispose()
      }
      loss.dispose()
    })

    it.each(['keras', 'bert4keras'] as const)(
      'follows its curve with the Adam of %s: loss, weights, averages, logits',
      (form) => {
        const model = referenceModel()
        const run = curve.runs[form]
        const adam = new Adam({ form, beta1: 0.9, beta2: 0.999, epsilon: run.epsilon, weightDecay: 0 }, model.variables)
        const ema = new ExponentialMovingAverage(curve.ema_momentum, model.variables)
        const losses = batches.batches.map((rows, index) => {
          const { loss, gradients } = lossAndGradients(model, toBatch(rows), { recompute })
          adam.apply(gradients, curve.learning_rate, index + 1)
          ema.update()
          for (const gradient of gradients.values()) gradient.dispose()
          const [value] = loss.dataSync()
          loss.dispose()
          return value!
        })
        expect(largestDifference(losses, run.loss)).toBeLessThan(1e-5)
        expect(largestDifference(logitsOf(model, batches.eval), run.final_eval_logits.flat())).toBeLessThan(5e-5)
        const averages = ema.corrected(batches.batches.length)
        for (const [kind, values] of [
          ['final', weightsOf(model)],
          ['ema', averages]
        ] as const) {
          for (const [name, expected] of fixtureTensors(`train-curve/${kind}-${form}.safetensors`)) {
            expect(largestDifference(values.get(name)!, expected), `${kind} ${name}`).toBeLessThan(2e-4)
          }
        }
        const averaged = {
          ...model,
          variables: new Map(
            [...averages].map(([name, v]) => [name, Variable.create(v, model.variables.get(name)!.shape)])
          )
        }
        expect(largestDifference(logitsOf(averaged, batches.eval), run.ema_eval_logits.flat())).toBeLessThan(5e-5)
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

function weightsOf(model: Model): Map<string, Float32Array> {
  return new Map([...model.variables].map(([name, variable]) => [name, variable.values()]))
}
