import { parameterSpecs, parseModelConfig } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { largestBatch, SAFETY_SHARE, sizedSettings } from './batch-size'
import { parseTrainSettings } from '../config'
import { initialVariables } from '../initialization/parameters'
import { recordOps } from '../profile/record-ops'
import { workloadBatch } from '../profile/workload'
import { tf } from '../tfjs'
import { lossAndGradients } from '../autograd/pass'

const config = parseModelConfig({
  vocab_size: 100,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64
})
const model = { config, variables: initialVariables(parameterSpecs(config), 1) }
const train = (more: Record<string, unknown>) =>
  parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1, batch_pairs: 64, ...more }, 'test')

describe('batch_tokens', () => {
  it('stays the number that it is', () => {
    expect(sizedSettings(train({ batch_tokens: 512 }), model, 24).batchTokens).toBe(512)
  })

  it('uses as many pairs as the operation that needs the most memory allows', () => {
    const probe = (pairs: number) => ({ pairs, bytes: [10 + 2 * pairs, 5 * pairs, 50] })
    expect(largestBatch(probe(1), probe(2), 100)).toBe(20)
    expect(largestBatch(probe(1), probe(2), 11)).toBe(0)
  })

  it.each([{ recompute: 'none' }, { recompute: 'layer' }, { r_drop_weight: 4 }])(
    'auto fills the share of the memory that it may, with %o, and frees its probes',
    (more) => {
      const settings = train({ batch_tokens: 'auto', ...more })
      const free = 8e6
      const { numTensors, numBytes } = tf.memory()
      const { batchTokens } = sizedSettings(settings, model, 24, () => free)
      expect(tf.memory().numTensors).toBe(numTensors)
      const peak = (pairs: number): number => {
        const batch = workloadBatch({ layers: 2, hidden: 32, heads: 2, vocabulary: 100, pairs, tokens: 24 }, 1)
        const { peakBytes, result } = recordOps(() =>
          lossAndGradients(model, batch, {
            recompute: settings.recompute,
            rDropWeight: settings.rDropWeight,
            dropout: { rate: 0.1, seed: [1, 1] }
          })
        )
        tf.dispose([result.loss, ...result.gradients.values()])
        return peakBytes - numBytes
      }
      const pairs = batchTokens / 24
      expect(pairs).toBeGreaterThan(1)
      expect(peak(pairs)).toBeLessThanOrEqual(free * SAFETY_SHARE)
      expect(peak(pairs + 1)).toBeGreaterThan(free * SAFETY_SHARE)
    }
  )

  it('auto uses at most batch_pairs pairs, and one if memory is too small for any', () => {
    expect(sizedSettings(train({ batch_tokens: 'auto', batch_pairs: 3 }), model, 24, () => 1e9).batchTokens).toBe(
      3 * 24
    )
    expect(sizedSettings(train({ batch_tokens: 'auto' }), model, 24, () => 1).batchTokens).toBe(24)
  })
})
