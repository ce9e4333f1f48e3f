import { describe, expect, it } from 'vitest'
import { MODEL_ALTERNATIVES } from '@sohu-match/core'
import { recordOps } from '../profile/record-ops'
import { tf } from '../tfjs'
import { expectFiniteDifferences, randomModel, smallBatch as batch, smallConfig, valuesOf } from './gradients.fixtures'
import { lossAndGradients, predict, type Model } from './pass'
import type { Recompute } from './training-ops'

/** The alternatives that read a pair at once; vectors have a loss of their own. */
const CROSS_ENCODERS = MODEL_ALTERNATIVES.filter(({ architecture }) => architecture !== 'bi-encoder')

const tapeModel = (more: object = {}): Model => randomModel(smallConfig(more), 'tape test')

function gradientsOf(model: Model, recompute: Recompute): Map<string, number[]> {
  return valuesOf(lossAndGradients(model, batch, { recompute, dropout: { rate: 0.2, seed: [7, 11] } }))
}

describe('the tape', () => {
  it('gives bit-equal gradients whatever is recomputed, dropout on', () => {
    const model = tapeModel()
    const reference = gradientsOf(model, 'none')
    expect([...reference.keys()].sort()).toEqual([...model.variables.keys()].sort())
    expect(gradientsOf(model, 'attention')).toEqual(reference)
    expect(gradientsOf(model, 'layer')).toEqual(reference)
  })

  it.each(['none', 'attention', 'layer'] as const)('frees every tensor of a pass, recompute %s', (recompute) => {
    const model = tapeModel()
    gradientsOf(model, recompute)
    const before = tf.memory().numTensors
    gradientsOf(model, recompute)
    predict(model, batch).dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each(CROSS_ENCODERS)('agrees with finite differences in every parameter of the network with %o', (switches) => {
    const model = tapeModel(switches)
    expectFiniteDifferences(model, () => lossAndGradients(model, batch), { h: 3e-3, tolerance: 1e-3 })
  })

  it.each(['none', 'attention', 'layer'] as const)(
    'frees every tensor of a pass in bfloat16, and has the same bits, recompute %s',
    (recompute) => {
      const model = tapeModel()
      const pass = (how: Recompute) =>
        valuesOf(lossAndGradients(model, batch, { recompute: how, precision: 'bfloat16' }))
      const reference = pass('none')
      const before = tf.memory().numTensors
      expect(pass(recompute)).toEqual(reference)
      expect(tf.memory().numTensors).toBe(before)
    }
  )

  it('casts a factor of several products once', () => {
    const casts = (precision: 'float32' | 'bfloat16'): number => {
      const { ops, result } = recordOps(() => lossAndGradients(tapeModel(), batch, { precision }))
      tf.dispose([result.loss, ...result.gradients.values()])
      return ops.filter(({ op }) => op === 'Cast').length
    }
    const [layers, outside] = [3, 1] // outside the layers: the classifier's dense layer
    // a dense layer casts W, y, dy, dx and dW, and x once for query, key and value together: 6 layers, 4 distinct x
    const denseCasts = layers * (6 * 5 + 4) + outside * 6
    const attentionCasts = layers * (3 + 1 + 2 + 3 + 4) // q k v, P, scores and y; dy, dS and P again; dP, dv, dq, dk
    expect(casts('bfloat16') - casts('float32')).toBe(denseCasts + attentionCasts)
  })

  it('gives gradients in bfloat16 that point where those of float32 do', () => {
    const model = tapeModel()
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
