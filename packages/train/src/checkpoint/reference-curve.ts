import { lossAndGradients, predict, type InputBatch, type Model } from '../autograd/pass'
import type { Recompute } from '../autograd/training-ops'
import { Adam, type AdamForm } from '../optimizer/adam'
import { ExponentialMovingAverage } from '../optimizer/ema'
import { Variable } from '../optimizer/variable'
import { fixtureJson, fixtureTensors, largestDifference, referenceModel, toBatch, type Rows } from './parity.fixtures'
import { tf } from '../tfjs'

interface Curve {
  learning_rate: number
  ema_momentum: number
  runs: Record<
    AdamForm,
    { epsilon: number; loss: number[]; final_eval_logits: number[][]; ema_eval_logits: number[][] }
  >
}

/** The largest difference from twenty training steps of bert4keras, by what is compared. */
export interface CurveDifferences {
  readonly losses: number
  readonly logits: number
  readonly averagedLogits: number
  /** Of the weights and of their bias-corrected averages, by parameter. */
  readonly weights: ReadonlyMap<string, number>
  readonly averages: ReadonlyMap<string, number>
}

/** Logits [batch, 2] of rows, row-major. */
export function logitsOf(model: Model, rows: Parameters<typeof toBatch>[0]): Float32Array {
  return tf.tidy(() => predict(model, toBatch(rows) satisfies InputBatch).dataSync() as Float32Array)
}

const steps = () => fixtureJson<{ batches: Rows[]; eval: Rows }>('train-curve/batches.json')

/** The largest difference of each gradient from bert4keras' on its first batch. */
export function compareGradients(recompute: Recompute): ReadonlyMap<string, number> {
  const { loss, gradients } = lossAndGradients(referenceModel(), toBatch(steps().batches[0]!), { recompute })
  const expected = fixtureTensors('train-curve/grad-first-batch.safetensors')
  const differences = new Map(
    [...expected].map(([name, values]) => [name, largestDifference(gradients.get(name)!.dataSync(), values)])
  )
  if (gradients.size !== expected.size) throw new Error(`${gradients.size} gradients against ${expected.size}`)
  tf.dispose([loss, ...gradients.values()])
  return differences
}

/** Repeats bert4keras' twenty steps with one of its two forms of Adam. */
export function compareCurve(form: AdamForm, recompute: Recompute): CurveDifferences {
  const curve = fixtureJson<Curve>('train-curve/curve.json')
  const { batches, eval: evaluation } = steps()
  const model = referenceModel()
  const run = curve.runs[form]
  const adam = new Adam({ form, beta1: 0.9, beta2: 0.999, epsilon: run.epsilon, weightDecay: 0 }, model.variables)
  const ema = new ExponentialMovingAverage(curve.ema_momentum, model.variables)
  const losses = batches.map((rows, index) => {
    const { loss, gradients } = lossAndGradients(model, toBatch(rows), { recompute })
    adam.apply(gradients, curve.learning_rate, index + 1)
    ema.update()
    for (const gradient of gradients.values()) gradient.dispose()
    const [value] = loss.dataSync()
    loss.dispose()
    return value!
  })
  const averages = ema.corrected(batches.length)
  const shapeOf = (name: string): readonly number[] => model.variables.get(name)!.shape
  const averaged: Model = {
    ...model,
    variables: new Map([...averages].map(([name, values]) => [name, Variable.create(values, shapeOf(name))]))
  }
  const weights = new Map([...model.variables].map(([name, variable]) => [name, variable.values()]))
  return {
    losses: largestDifference(losses, run.loss),
    logits: largestDifference(logitsOf(model, evaluation), run.final_eval_logits.flat()),
    averagedLogits: largestDifference(logitsOf(averaged, evaluation), run.ema_eval_logits.flat()),
    weights: differencesFrom(`train-curve/final-${form}.safetensors`, weights),
    averages: differencesFrom(`train-curve/ema-${form}.safetensors`, averages)
  }
}

function differencesFrom(file: string, values: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, number> {
  return new Map(
    [...fixtureTensors(file)].map(([name, expected]) => [name, largestDifference(values.get(name)!, expected)])
  )
}
