import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tf, type Tensor } from '../tfjs'
import { PROJECTION, type ScoreTargets } from './distil'
import { expectFiniteDifferences, randomModel, smallConfig } from './gradients.fixtures'
import { matrixProduct } from './kernels/dense'
import { softCrossEntropy, vectorDistance } from './kernels/distil'
import { normalize } from './kernels/similarity'
import { lossAndGradients, type Model } from './pass'
import { textLossAndGradients } from './text-pass'

const WIDTH = 6

/** A network of one layer; a bi-encoder with a projection to vectors of `WIDTH`. */
function student(more: object): Model {
  const config = smallConfig({ ...more, num_hidden_layers: 1 })
  const projection = { name: PROJECTION, shape: [16, WIDTH], init: 'glorot-uniform' } as const
  return randomModel(config, 'distil', config.architecture === 'bi-encoder' ? { heads: [projection] } : {})
}

const inputs = (seq: number, ...tokenIds: number[]) => ({
  batch: 2,
  seq,
  tokenIds: Int32Array.from(tokenIds),
  segmentIds: new Int32Array(tokenIds.length),
  taskIds: Int32Array.of(3, 3)
})
const teacher: ScoreTargets = { logits: Float32Array.of(-3, 1.5), weights: Float32Array.of(0.7, 0.4), temperature: 2 }
const labelled = { labels: Int32Array.of(1, 0), weights: Float32Array.of(0.5, 0.25) }
const pairs = { ...inputs(5, 2, 7, 8, 6, 3, 2, 5, 6, 3, 0), ...labelled, teacher }
const texts = {
  groups: [inputs(3, 2, 9, 3, 2, 3, 0), inputs(4, 2, 7, 8, 3, 2, 5, 6, 3)],
  a: Int32Array.of(0, 1),
  b: Int32Array.of(2, 3),
  taskIds: Int32Array.of(3, 3),
  ...labelled,
  teacher,
  teacherVectors: {
    vectors: Float32Array.from({ length: 4 * WIDTH }, (_, i) => (i % (WIDTH + 1) === 0 ? 1 : 0)),
    width: WIDTH,
    weights: Float32Array.of(0.1, 0.2, 0.3, 0.4)
  }
}

type Pass = { loss: Tensor; gradients: Map<string, Tensor> }

describe('the loss against a teacher', () => {
  it.each([
    ['cross-encoder', (model: Model): Pass => lossAndGradients(model, pairs)],
    ['bi-encoder', (model: Model): Pass => textLossAndGradients(model, texts)]
  ])('of a %s agrees with finite differences in every parameter', (architecture, passOf) => {
    const model = student({ architecture })
    expectFiniteDifferences(model, () => passOf(model), { h: 2e-3, tolerance: 3e-3 })
  })

  it('counts each of two passes under R-Drop by half, as the labels do', () => {
    const model = student({})
    const lossOf = (rDropWeight: number): number => {
      const { loss, gradients } = lossAndGradients(model, pairs, { rDropWeight })
      tf.dispose([...gradients.values()])
      return loss.dataSync()[0]!
    }
    // without dropout both passes are the same, so their divergence is 0
    expect(lossOf(1)).toBeCloseTo(lossOf(0), 5)
  })
})

describe("a student's losses, compared with PyTorch's (tools/distil-fixture.py)", () => {
  const fixture = JSON.parse(readFileSync(new URL('../../fixtures/distil.json', import.meta.url), 'utf8')) as Record<
    'temperature' | 'scoreLoss' | 'vectorLoss',
    number
  > &
    Record<'teacher' | 'weights' | 'shares', number[]> &
    Record<
      'logits' | 'logitsGradient' | 'states' | 'kernel' | 'wanted' | 'statesGradient' | 'kernelGradient',
      number[][]
    >
  const expectClose = (found: Tensor, wanted: number[][]): void =>
    found.dataSync().forEach((value, i) => expect(value).toBeCloseTo(wanted.flat()[i]!, 5)) // float32 against float64

  it('agree on scores', () => {
    const { output, backward } = softCrossEntropy(
      tf.tensor2d(fixture.logits),
      tf.tensor1d(fixture.teacher),
      tf.tensor1d(fixture.weights),
      fixture.temperature
    )
    expect(output.dataSync()[0]).toBeCloseTo(fixture.scoreLoss, 4) // a loss of about 10
    expectClose(backward(tf.scalar(1))[0]!, fixture.logitsGradient)
  })

  it('agree on vectors, through the projection', () => {
    const student = normalize(tf.tensor2d(fixture.states))
    const product = matrixProduct(student.output, tf.tensor2d(fixture.kernel))
    const projected = normalize(product.output)
    const { output, backward } = vectorDistance(
      projected.output,
      tf.tensor2d(fixture.wanted),
      tf.tensor1d(fixture.shares)
    )
    expect(output.dataSync()[0]).toBeCloseTo(fixture.vectorLoss, 5)
    const [dStudent, dKernel] = product.backward(projected.backward(backward(tf.scalar(1))[0]!)[0]!)
    expectClose(student.backward(dStudent!)[0]!, fixture.statesGradient)
    expectClose(dKernel!, fixture.kernelGradient)
  })
})
