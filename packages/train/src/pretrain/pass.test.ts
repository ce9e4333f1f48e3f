import { parseModelConfig, parseVocab } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { expectFiniteDifferences, randomModel } from '../autograd/gradients.fixtures'
import type { Model } from '../autograd/pass'
import type { Arithmetic } from '../autograd/training-ops'
import { tf } from '../tfjs'
import { parsePretrainSettings } from './config'
import { createMasking } from './masking'
import { evaluateMasked, headSpecs, maskedLossAndGradients } from './pass'
import { encodeSequences } from './sequences'
import { json, sentences, smallTokenizer, vocab } from './small.fixtures'
import { PretrainTrainer } from './trainer'

/** A network and its head, every parameter random, with embeddings narrower than the layers. */
function smallModel(vocabSize: number): Model {
  const config = parseModelConfig({ ...json.model, vocab_size: vocabSize, embedding_size: 8, conditioning: 'none' })
  return randomModel(config, 'pretrain', { heads: headSpecs(config) })
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

describe('the loss over hidden words', () => {
  const batch = {
    batch: 2,
    seq: 5,
    tokenIds: Int32Array.of(2, 7, 4, 9, 3, 2, 4, 8, 3, 0),
    segmentIds: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 1, 1, 0),
    places: Int32Array.of(2, 6, 7),
    labels: Int32Array.of(11, 12, 8),
    tokenCount: 9
  }

  it('agrees with finite differences in every parameter, the word embeddings counted in both places', () => {
    const model = smallModel(20)
    expectFiniteDifferences(model, () => maskedLossAndGradients(model, batch), {
      h: 1e-3,
      tolerance: 1e-3,
      without: ['classifier.kernel', 'classifier.bias'],
      lossAt: () => evaluateMasked(model, batch)
    })
  })

  it.each([
    [{ kernels: 'auto' }, 1e-5, 1e-6],
    [{ precision: 'bfloat16' }, 2e-2, 1e-3], // 8 bits of every product
    [{ precision: 'bfloat16', kernels: 'auto' }, 2e-2, 1e-3]
  ] as const)('with %o is near that of float32, and so are its gradients', (arithmetic, tolerance, angle) => {
    const model = smallModel(20)
    const run = (more: Arithmetic) => {
      const { loss, gradients } = maskedLossAndGradients(model, batch, more)
      const value = loss.dataSync()[0]!
      const flat = [...gradients.keys()].sort().flatMap((name) => [...gradients.get(name)!.dataSync()])
      tf.dispose([loss, ...gradients.values()])
      return { value, flat }
    }
    const [exact, other] = [run({}), run(arithmetic)]
    const before = tf.memory().numTensors
    expect(Math.abs(other.value - exact.value)).toBeLessThan(tolerance * exact.value)
    const cosine = dot(exact.flat, other.flat) / Math.sqrt(dot(exact.flat, exact.flat) * dot(other.flat, other.flat))
    expect(1 - cosine).toBeLessThan(angle)
    if ('precision' in arithmetic) expect(other.flat).not.toEqual(exact.flat)
    expect(evaluateMasked(model, batch, arithmetic)).toBeCloseTo(other.value, 2)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('of a fixed batch falls over 200 steps, and no tensor is left behind', async () => {
    const sequences = await encodeSequences(
      sentences.map((text) => [text]),
      await smallTokenizer(),
      32
    )
    const model = smallModel(parseVocab(vocab).tokens.length)
    const fixed = createMasking(
      sequences,
      parseVocab(vocab),
      0.15
    )(
      Int32Array.from({ length: 24 }, (_, i) => i),
      1
    )
    const trainer = new PretrainTrainer(parsePretrainSettings(json, 'test').settings, model)
    const losses: number[] = []
    let tensors = 0
    for (let step = 1; step <= 200; step++) {
      const loss = trainer.step(fixed, 0.005, step)
      losses.push(loss.dataSync()[0]!)
      loss.dispose()
      if (step === 1) tensors = tf.memory().numTensors
    }
    expect(tf.memory().numTensors).toBe(tensors)
    // the first loss is near log(vocabulary); a network of 10,000 weights learns most of 24 sentences by heart
    expect(losses[0]).toBeGreaterThan(5)
    expect(losses[199]).toBeLessThan(0.3 * losses[0]!)
    for (const [early, late] of [
      [0, 50],
      [50, 100],
      [100, 199]
    ] as const)
      expect(losses[late]).toBeLessThan(losses[early]!)
    trainer.dispose()
  })
})
