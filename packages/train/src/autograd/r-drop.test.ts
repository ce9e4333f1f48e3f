import { describe, expect, it } from 'vitest'
import { largestDifference, referenceModel, toBatch } from '../checkpoint/parity.fixtures'
import { Variable } from '../optimizer/variable'
import { tf } from '../tfjs'
import { symmetricDivergence } from './kernels/divergence'
import { lossAndGradients, runNetwork, type LabeledBatch, type Model } from './pass'
import { Tape } from './tape'

const ROWS = {
  token_ids: [
    [2, 5, 6, 3, 7, 3],
    [2, 8, 3, 9, 3, 0],
    [2, 6, 6, 6, 3, 3]
  ],
  segment_ids: [
    [0, 0, 0, 0, 1, 1],
    [0, 0, 0, 1, 1, 0],
    [0, 0, 0, 0, 0, 1]
  ],
  conditions: [0, 3, 5],
  labels: [1, 0, 1]
}
const DROPOUT = { rate: 0.2, seed: [7, 64] } as const

/** Σ over rows of weight (KL(p‖q) + KL(q‖p)), in float64. */
function divergence(logits: readonly number[][], weights: readonly number[]): number {
  const softmax = (row: readonly number[]): number[] => {
    const exponents = row.map(Math.exp)
    const sum = exponents.reduce((a, b) => a + b)
    return exponents.map((value) => value / sum)
  }
  const kl = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, x, j) => sum + x * Math.log(x / q[j]!), 0)
  return weights.reduce((sum, weight, i) => {
    const [p, q] = [softmax(logits[i]!), softmax(logits[i + weights.length]!)]
    return sum + weight * (kl(p, q) + kl(q, p))
  }, 0)
}

function crossEntropy(logits: readonly number[][], labels: readonly number[], weights: readonly number[]): number {
  return logits.reduce((sum, row, i) => {
    const total = Math.log(row.reduce((all, x) => all + Math.exp(x), 0))
    return sum + weights[i]! * (total - row[labels[i]!]!)
  }, 0)
}

const lossOf = (model: Model, batch: LabeledBatch, rDropWeight: number, rate: number) => {
  const { loss, gradients } = lossAndGradients(model, batch, { rDropWeight, dropout: { ...DROPOUT, rate } })
  return { loss: loss.dataSync()[0]!, gradients }
}

describe('the symmetric divergence', () => {
  const logits = [
    [1, -2],
    [0.5, 0.25],
    [-1, 1.5],
    [0.7, -0.1]
  ]
  const weights = [0.3, 2]

  it('is the sum of both directions, weighted by row', () => {
    const { output } = symmetricDivergence(tf.tensor2d(logits), tf.tensor1d(weights))
    expect(output.dataSync()[0]).toBeCloseTo(divergence(logits, weights), 5)
  })

  it('has the gradient of finite differences', () => {
    const { backward } = symmetricDivergence(tf.tensor2d(logits), tf.tensor1d(weights))
    const gradient = [...backward(tf.scalar(1))[0]!.dataSync()]
    const numeric = logits.flatMap((row, i) =>
      row.map((_, j) => {
        const moved = (by: number) => logits.map((other, k) => other.map((x, l) => (k === i && l === j ? x + by : x)))
        return (divergence(moved(1e-5), weights) - divergence(moved(-1e-5), weights)) / 2e-5
      })
    )
    expect(largestDifference(gradient, numeric)).toBeLessThan(1e-5)
  })
})

describe('R-Drop', () => {
  it('without dropout changes neither loss nor gradients: both passes are one', () => {
    const [model, batch] = [referenceModel(), toBatch(ROWS)]
    const [plain, twice] = [lossOf(model, batch, 0, 0), lossOf(model, batch, 4, 0)]
    expect(twice.loss).toBeCloseTo(plain.loss, 5)
    for (const [name, gradient] of plain.gradients)
      expect(largestDifference(twice.gradients.get(name)!.dataSync(), gradient.dataSync()), name).toBeLessThan(1e-5)
  })

  it('is the mean cross-entropy of two dropouts plus a quarter of the weighted divergence', () => {
    const [model, batch] = [referenceModel(), toBatch(ROWS)]
    const doubled = toBatch({
      token_ids: [...ROWS.token_ids, ...ROWS.token_ids],
      segment_ids: [...ROWS.segment_ids, ...ROWS.segment_ids],
      conditions: [...ROWS.conditions, ...ROWS.conditions]
    })
    const tape = new Tape({ recording: false })
    const logits = runNetwork(tape, model, doubled, { dropout: DROPOUT }).output.tensor.arraySync() as number[][]
    tape.dispose()
    const apart = divergence(logits, [1 / 3, 1 / 3, 1 / 3])
    expect(apart).toBeGreaterThan(1e-3) // the two masks differ
    const labels = [...ROWS.labels, ...ROWS.labels]
    const wanted = crossEntropy(logits, labels, new Array<number>(6).fill(1 / 6)) + (5 / 4) * apart
    expect(lossOf(model, batch, 5, DROPOUT.rate).loss).toBeCloseTo(wanted, 4)
  })

  it('has the gradient of finite differences, through both passes', () => {
    const [model, batch] = [referenceModel(), toBatch(ROWS)]
    const name = 'classifier.kernel'
    const values = model.variables.get(name)!.values()
    const shape = model.variables.get(name)!.shape
    const gradient = lossOf(model, batch, 5, DROPOUT.rate).gradients.get(name)!.dataSync()
    const moved = (index: number, by: number): number => {
      const changed = Variable.create(
        values.map((value, i) => (i === index ? value + by : value)),
        shape
      )
      return lossOf({ ...model, variables: new Map(model.variables).set(name, changed) }, batch, 5, DROPOUT.rate).loss
    }
    for (const index of [0, 1, 7, 20])
      expect(gradient[index]!).toBeCloseTo((moved(index, 1e-2) - moved(index, -1e-2)) / 2e-2, 2)
  })
})
