import { describe, expect, it } from 'vitest'
import { MODEL_ALTERNATIVES, parameterSpecs, parseModelConfig } from '@sohu-match/core'
import { createRandom } from '../data/random'
import { initialValues } from '../initialization/parameters'
import { Variable } from '../optimizer/variable'
import { tf } from '../tfjs'
import { lossAndGradients, predict, type LabeledBatch, type Model } from './pass'
import type { Recompute } from './training-ops'

const config = (more: Record<string, unknown> = {}): Model['config'] =>
  parseModelConfig({
    vocab_size: 40,
    hidden_size: 16,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    intermediate_size: 32,
    condition_size: 4,
    ...more
  })

/** The alternatives that read a pair at once; vectors have a loss of their own. */
const CROSS_ENCODERS = MODEL_ALTERNATIVES.filter(({ architecture }) => architecture !== 'bi-encoder')

/** Every parameter random, so that no gradient is zero by accident. */
function randomModel(more: Record<string, unknown> = {}): Model {
  const random = createRandom('tape test')
  const variables = parameterSpecs(config(more)).map(
    (spec) =>
      [
        spec.name,
        Variable.create(
          initialValues(spec, 1).map((value) => value + 0.1 * random.normal()),
          spec.shape
        )
      ] as const
  )
  return { config: config(more), variables: new Map(variables) }
}

const batch: LabeledBatch = {
  batch: 3,
  seq: 5,
  tokenIds: Int32Array.of(2, 9, 3, 8, 3, 2, 7, 3, 3, 0, 0, 5, 0, 6, 3),
  segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1),
  taskIds: Int32Array.of(0, 3, 5),
  labels: Int32Array.of(1, 0, 1),
  weights: Float32Array.of(0.2, 0.3, 0.5)
}

function gradientsOf(model: Model, recompute: Recompute): Map<string, number[]> {
  const { loss, gradients } = lossAndGradients(model, batch, { recompute, dropout: { rate: 0.2, seed: [7, 11] } })
  const values = new Map([...gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]]))
  tf.dispose([loss, ...gradients.values()])
  return values
}

describe('the tape', () => {
  it('gives bit-equal gradients whatever is recomputed, dropout on', () => {
    const model = randomModel()
    const reference = gradientsOf(model, 'none')
    expect([...reference.keys()].sort()).toEqual([...model.variables.keys()].sort())
    expect(gradientsOf(model, 'attention')).toEqual(reference)
    expect(gradientsOf(model, 'layer')).toEqual(reference)
  })

  it.each(['none', 'attention', 'layer'] as const)('frees every tensor of a pass, recompute %s', (recompute) => {
    const model = randomModel()
    gradientsOf(model, recompute)
    const before = tf.memory().numTensors
    gradientsOf(model, recompute)
    predict(model, batch).dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each(CROSS_ENCODERS)('agrees with finite differences in every parameter of the network with %o', (switches) => {
    const model = randomModel(switches)
    const random = createRandom('directions')
    const { loss, gradients } = lossAndGradients(model, batch)
    const lossAt = (): number => {
      const pass = lossAndGradients(model, batch)
      const value = pass.loss.dataSync()[0]!
      tf.dispose([pass.loss, ...pass.gradients.values()])
      return value
    }
    for (const [name, variable] of model.variables) {
      const start = variable.values()
      const direction = start.map(() => random.normal())
      const moved = (h: number): number => {
        variable.assign(start.map((value, i) => value + h * direction[i]!))
        return lossAt()
      }
      // central difference, h = 3e-3: truncation h² and rounding 1e-7 / h both stay near 1e-4 of the direction's size
      const slope = (moved(3e-3) - moved(-3e-3)) / 6e-3
      variable.assign(start)
      const expected = [...gradients.get(name)!.dataSync()].reduce((sum, value, i) => sum + value * direction[i]!, 0)
      expect(Math.abs(slope - expected), name).toBeLessThan(1e-3 + 0.02 * Math.abs(expected))
    }
    tf.dispose([loss, ...gradients.values()])
  })

  it('gives gradients in bfloat16 that point where those of float32 do', () => {
    const model = randomModel()
    const flat = (precision: 'float32' | 'bfloat16'): number[] => {
      const { loss, gradients } = lossAndGradients(model, batch, { precision })
      const values = [...gradients.keys()].sort().flatMap((name) => [...gradients.get(name)!.dataSync()])
      tf.dispose([loss, ...gradients.values()])
      return values
    }
    const [exact, half] = [flat('float32'), flat('bfloat16')]
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    // 8 bits of every product over three layers: one part in some hundred of the whole gradient
    expect(dot(exact, half) / Math.sqrt(dot(exact, exact) * dot(half, half))).toBeGreaterThan(0.999)
    expect(half).not.toEqual(exact)
  })
})
