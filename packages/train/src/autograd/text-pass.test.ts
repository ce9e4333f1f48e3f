import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contrastOf } from '../data/text-batch'
import { tf, type Tensor2D as tf2 } from '../tfjs'
import { expectFiniteDifferences, randomModel, smallConfig, valuesOf } from './gradients.fixtures'
import { contrastive } from './kernels/contrastive'
import { crossEntropy } from './kernels/cross-entropy'
import { normalize, similarityLogits } from './kernels/similarity'
import { predict, type Model } from './pass'
import { textLossAndGradients, type TextPairBatch } from './text-pass'
import type { Recompute } from './training-ops'

const config = smallConfig({
  architecture: 'bi-encoder',
  pooling: 'cls',
  position_embedding_type: 'absolute',
  num_hidden_layers: 2
})
const textModel = (): Model => randomModel(config, 'text pass')

const group = (seq: number, ...tokenIds: number[]) => ({
  batch: 2,
  seq,
  tokenIds: Int32Array.from(tokenIds),
  segmentIds: new Int32Array(tokenIds.length),
  taskIds: Int32Array.of(3, 3)
})
const batch: TextPairBatch = {
  groups: [group(3, 2, 9, 3, 2, 3, 0), group(5, 2, 7, 8, 6, 3, 2, 5, 6, 3, 0)],
  a: Int32Array.of(0, 1, 0),
  b: Int32Array.of(2, 3, 3),
  taskIds: Int32Array.of(3, 3, 3),
  labels: Int32Array.of(1, 0, 0),
  weights: Float32Array.of(0.5, 0.25, 0.25),
  contrast: contrastOf(
    {
      tokens: [],
      a: new Int32Array(),
      b: new Int32Array(),
      places: new Int32Array(),
      keys: Int32Array.of(0, 1, 0, 1),
      taskIds: new Int32Array(4)
    },
    0.7,
    5
  )!
}

function gradientsOf(model: Model, recompute: Recompute): Map<string, number[]> {
  return valuesOf(textLossAndGradients(model, batch, { recompute, dropout: { rate: 0.2, seed: [7, 11] } }))
}

describe('a pass of a bi-encoder', () => {
  it('agrees with finite differences in every parameter', () => {
    const model = textModel()
    expectFiniteDifferences(model, () => textLossAndGradients(model, batch), { h: 2e-3, tolerance: 2e-3 })
  })

  it('gives bit-equal gradients whatever is recomputed, dropout on, and frees every tensor', () => {
    const model = textModel()
    const reference = gradientsOf(model, 'none')
    const before = tf.memory().numTensors
    expect(gradientsOf(model, 'layer')).toEqual(reference)
    expect(gradientsOf(model, 'attention')).toEqual(reference)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('has vectors of length 1 that padding does not change', () => {
    const model = textModel()
    const vectors = predict(model, batch.groups[0]!)
    const alone = predict(model, {
      ...group(2, 2, 3),
      batch: 1,
      tokenIds: Int32Array.of(2, 3),
      taskIds: Int32Array.of(3)
    })
    const [padded, one] = [[...vectors.dataSync()].slice(16), alone.dataSync()]
    expect(padded.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5)
    // float32 rounding over another number of positions
    padded.forEach((value, i) => expect(value).toBeCloseTo(one[i]!, 5))
    tf.dispose([vectors, alone])
  })
})

describe("the loss of a bi-encoder's step, beside PyTorch's (tools/contrastive-fixture.py)", () => {
  const fixture = JSON.parse(
    readFileSync(new URL('../../fixtures/contrastive.json', import.meta.url), 'utf8')
  ) as Record<'keys' | 'a' | 'b' | 'tasks' | 'labels' | 'weights' | 'scales' | 'offsets', number[]> &
    Record<'states' | 'statesGradient', number[][]> &
    Record<'scalesGradient' | 'offsetsGradient', number[]> &
    Record<'scale' | 'share' | 'pairLoss' | 'contrastiveLoss', number>

  it('agrees in both terms and in the gradients of states, scales and offsets', () => {
    const rows = (ids: number[], table: number[]): tf2 => tf.tensor2d(ids.map((id) => [table[id]!]))
    const normal = normalize(tf.tensor2d(fixture.states))
    const [a, b] = [fixture.a, fixture.b].map((ids) => tf.gather(normal.output, tf.tensor1d(ids, 'int32')))
    const scored = similarityLogits(a!, b!, rows(fixture.tasks, fixture.scales), rows(fixture.tasks, fixture.offsets))
    const labels = tf.tensor1d(fixture.labels, 'int32')
    const pairLoss = crossEntropy(scored.output, labels, tf.tensor1d(fixture.weights))
    const texts = fixture.keys.length
    const contrast = contrastOf(
      {
        tokens: [],
        a: new Int32Array(),
        b: new Int32Array(),
        places: new Int32Array(),
        keys: Int32Array.from(fixture.keys),
        taskIds: new Int32Array(texts)
      },
      fixture.share,
      fixture.scale
    )!
    const matrix = (values: Float32Array) => tf.tensor2d(values, [texts, texts])
    const contrasted = contrastive(normal.output, matrix(contrast.targets), matrix(contrast.bias), contrast.scale)
    // float32 beside float64, losses of about 1
    expect(pairLoss.output.dataSync()[0]).toBeCloseTo(fixture.pairLoss, 5)
    expect(contrasted.output.dataSync()[0]).toBeCloseTo(fixture.contrastiveLoss, 5)

    const one = tf.scalar(1)
    const [dA, dB, dScale, dOffset] = scored.backward(pairLoss.backward(one)[0]!)
    const scattered = (ids: number[], rows: tf2): tf2 =>
      tf.matMul(tf.oneHot(tf.tensor1d(ids, 'int32'), texts).toFloat() as tf2, rows, true, false)
    const dVectors = tf.addN([
      scattered(fixture.a, dA as tf2),
      scattered(fixture.b, dB as tf2),
      contrasted.backward(one)[0] as tf2
    ])
    const dStates = normal.backward(dVectors)[0]!
    const byTask = (gradient: tf2): number[] =>
      [0, 1].map((task) =>
        [...gradient.dataSync()].reduce((sum, value, i) => sum + (fixture.tasks[i] === task ? value : 0), 0)
      )
    dStates.dataSync().forEach((value, i) => expect(value).toBeCloseTo(fixture.statesGradient.flat()[i]!, 4))
    byTask(dScale as tf2).forEach((value, i) => expect(value).toBeCloseTo(fixture.scalesGradient[i]!, 5))
    byTask(dOffset as tf2).forEach((value, i) => expect(value).toBeCloseTo(fixture.offsetsGradient[i]!, 5))
  })
})
