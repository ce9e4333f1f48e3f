import { parseModelConfig, WORD_EMBEDDINGS } from '@sohu-match/core'
import { afterAll, describe, expect, it } from 'vitest'
import { withAdversarial } from './adversarial'
import { randomModel } from '../autograd/gradients.fixtures'
import { lossAndGradients, type LabeledBatch, type Model } from '../autograd/pass'
import { parseTrainSettings } from '../config'
import { tf, type Tensor } from '../tfjs'
import { Trainer } from './trainer'

const config = parseModelConfig({
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  condition_size: 4,
  hidden_dropout_prob: 0
})

/** Large enough for a gradient that is not small. */
const randomized = (): Model => randomModel(config, 'adversarial test', { deviation: 0.3 })

const batch: LabeledBatch = {
  batch: 2,
  seq: 5,
  tokenIds: Int32Array.of(2, 9, 3, 8, 3, 2, 7, 3, 3, 0),
  segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 1, 0),
  taskIds: Int32Array.of(0, 3),
  labels: Int32Array.of(1, 0),
  weights: Float32Array.of(0.5, 0.5)
}

const model = randomized()
afterAll(() => tf.dispose([...model.variables.values()].map(({ handle }) => handle)))

function gradients(): Map<string, Tensor> {
  const pass = lossAndGradients(model, batch)
  pass.loss.dispose()
  return pass.gradients
}

function copied(tensors: Map<string, Tensor>): Map<string, Float32Array> {
  const values = new Map([...tensors].map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]))
  tf.dispose([...tensors.values()])
  return values
}

function smooth(epsilon: number): Map<string, Float32Array> {
  return copied(
    withAdversarial(gradients(), epsilon, (by) => {
      const pass = lossAndGradients(model, batch, { shift: { name: WORD_EMBEDDINGS, by } })
      pass.loss.dispose()
      return pass.gradients
    })
  )
}

/** Runs `body` where a variable is shifted, and puts it back exactly. */
function shifted<T>(name: string, by: (i: number) => number, body: () => T): T {
  const variable = model.variables.get(name)!
  const start = variable.values()
  variable.assign(start.map((value, i) => value + by(i)))
  const result = body()
  variable.assign(start)
  return result
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))

describe('FGM', () => {
  it('sums the gradients at the embeddings and at their shift of the given length along the gradient', () => {
    const plain = copied(gradients())
    const g = plain.get(WORD_EMBEDDINGS)!
    const other = shifted(
      WORD_EMBEDDINGS,
      (i) => (0.5 * g[i]!) / norm(g),
      () => copied(gradients())
    )
    const sum = smooth(0.5)
    expect([...sum.keys()].sort()).toEqual([...plain.keys()].sort())
    for (const [name, values] of sum) {
      // the shifted table is rounded to float32 in another order: about 1e-7 of gradients that are below 1
      values.forEach((value, i) =>
        expect(Math.abs(value - plain.get(name)![i]! - other.get(name)![i]!), name).toBeLessThan(1e-6)
      )
    }
  })

  it('takes the direction of the whole batch when the batch is cut into micro-batches', () => {
    const step = (batches: LabeledBatch[]): Map<string, Float32Array> => {
      const settings = { model: {}, epochs: 1, learning_rate: 0.1, fgm_epsilon: 0.5, epsilon: 1 }
      const trainer = new Trainer(parseTrainSettings(settings, 'test'), config, randomized().variables)
      trainer.step(batches, 0.1, 1).dispose()
      const after = new Map([...trainer.variables].map(([name, variable]) => [name, variable.values()]))
      trainer.dispose()
      return after
    }
    const row = (i: number): LabeledBatch => ({
      batch: 1,
      seq: 5,
      tokenIds: batch.tokenIds.slice(5 * i, 5 * i + 5),
      segmentIds: batch.segmentIds.slice(5 * i, 5 * i + 5),
      taskIds: batch.taskIds.slice(i, i + 1),
      labels: batch.labels.slice(i, i + 1),
      weights: batch.weights.slice(i, i + 1)
    })
    const [whole, cut] = [step([batch]), step([row(0), row(1)])]
    // Adam's epsilon of 1 keeps its update proportional to the gradient; sums in another order differ by some 1e-7
    for (const [name, values] of whole)
      values.forEach((value, i) => expect(Math.abs(value - cut.get(name)![i]!), name).toBeLessThan(1e-6))
  })
})

it('leaves the gradients as they are when it is off, without a second pass', () => {
  const given = gradients()
  const again = (): never => {
    throw new Error('a second pass')
  }
  expect(withAdversarial(given, 0, again)).toBe(given)
  tf.dispose([...given.values()])
})

it('frees every tensor of both passes', () => {
  smooth(0.5)
  const before = tf.memory().numTensors
  smooth(0.5)
  expect(tf.memory().numTensors).toBe(before)
})
