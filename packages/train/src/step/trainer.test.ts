import { parameterSpecs, parseModelConfig } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import type { LabeledBatch } from '../autograd/pass'
import { parseTrainSettings } from '../config'
import { createRandom } from '../data/random'
import { initialVariables } from '../initialization/parameters'
import { largestDifference } from '../checkpoint/parity.fixtures'
import { recordOps } from '../profile/record-ops'
import { tf } from '../tfjs'
import { Trainer } from './trainer'

const VOCABULARY = 60
const HIDDEN = 16
const RATE = 1e-3

function smallTrainer(settings: Record<string, unknown> = {}, dropout = 0): Trainer {
  const config = parseModelConfig({
    vocab_size: VOCABULARY,
    hidden_size: HIDDEN,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    hidden_dropout_prob: dropout
  })
  const train = parseTrainSettings({ model: {}, epochs: 1, learning_rate: RATE, ...settings }, 'test')
  return new Trainer(train, config, initialVariables(parameterSpecs(config), 1))
}

/** Pairs of random words and lengths; each has the same share of the loss of `total` pairs. */
function pairs(count: number, total: number, seed: string): LabeledBatch[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => {
    const seq = 5 + random.below(6)
    const ids = (limit: number, length: number, from = 0): Int32Array =>
      Int32Array.from({ length }, () => from + random.below(limit - from))
    return {
      batch: 1,
      seq,
      tokenIds: ids(VOCABULARY / 2, seq, 1),
      segmentIds: ids(2, seq),
      taskIds: ids(6, 1),
      labels: ids(2, 1),
      weights: Float32Array.of(1 / total)
    }
  })
}

/** Several batches as one, padded to the longest. */
function padTogether(batches: readonly LabeledBatch[]): LabeledBatch {
  const seq = Math.max(...batches.map((batch) => batch.seq))
  const padded = (key: 'tokenIds' | 'segmentIds'): Int32Array => {
    const all = new Int32Array(batches.length * seq)
    batches.forEach((batch, row) => all.set(batch[key], row * seq))
    return all
  }
  return {
    batch: batches.length,
    seq,
    tokenIds: padded('tokenIds'),
    segmentIds: padded('segmentIds'),
    taskIds: Int32Array.from(batches.map(({ taskIds }) => taskIds[0]!)),
    labels: Int32Array.from(batches.map(({ labels }) => labels[0]!)),
    weights: Float32Array.from(batches.map(({ weights }) => weights[0]!))
  }
}

/** The loss of one first step and the gradients behind it: Adam's first moment is then 0.1 of them. */
function firstStep(batches: readonly LabeledBatch[]): { loss: number; gradients: Map<string, Float32Array> } {
  const trainer = smallTrainer()
  const loss = trainer.step(batches, RATE, 1)
  const gradients = [...trainer.adam.state()]
    .filter(([name]) => name.endsWith('.m'))
    .map(([name, moment]) => [name, moment.values().map((value) => value * 10)] as const)
  const value = loss.dataSync()[0]!
  loss.dispose()
  trainer.dispose()
  return { loss: value, gradients: new Map(gradients) }
}

describe('gradient accumulation', () => {
  it('gives the same numbers whatever the micro-batches, dropout off', () => {
    const all = pairs(8, 8, 'accumulation')
    const whole = firstStep([padTogether(all)])
    for (const cut of [all, [padTogether(all.slice(0, 3)), padTogether(all.slice(3))]]) {
      const parts = firstStep(cut)
      // the sums of eight pairs in another order: float32 rounding of gradients of at most one
      expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-6)
      for (const [name, gradient] of whole.gradients)
        expect(largestDifference(parts.gradients.get(name)!, gradient), name).toBeLessThan(1e-6)
    }
  })
})

describe('a step', () => {
  it.each(['dense', 'lazy'])('reads nothing back from the device, embeddings %s', (embeddings) => {
    const trainer = smallTrainer({ embeddings, clip_norm: 1, weight_decay: 0.01 }, 0.1)
    for (let step = 1; step <= 5; step++) {
      const { reads, result } = recordOps(() => trainer.step([padTogether(pairs(4, 4, `reads ${step}`))], RATE, step))
      expect(reads).toBe(0)
      result.dispose()
    }
    trainer.dispose()
  })

  it('frees all it makes with lazy embeddings', () => {
    const trainer = smallTrainer({ embeddings: 'lazy' }, 0.1)
    const step = (number: number): void =>
      trainer.step([padTogether(pairs(4, 4, `memory ${number}`))], RATE, number).dispose()
    step(1)
    const { numTensors } = tf.memory()
    step(2)
    expect(tf.memory().numTensors).toBe(numTensors)
    trainer.dispose()
  })
})

describe('mixed precision', () => {
  it('updates float32 weights by less than bfloat16 could hold', () => {
    const trainer = smallTrainer({ precision: 'bfloat16' })
    const gamma = trainer.variables.get('embeddings.norm.gamma')!
    expect([...gamma.values()]).toEqual(new Array(HIDDEN).fill(1))
    const [steps, rate] = [5, 1e-6]
    const batch = padTogether(pairs(4, 4, 'mixed precision'))
    for (let step = 1; step <= steps; step++) trainer.step([batch], rate, step).dispose()
    const moved = [...gamma.values()].map((value) => Math.abs(value - 1))
    expect(Math.max(...moved)).toBeLessThan(2 * steps * rate) // Adam moves a weight by about its rate; bfloat16 has no number between 1 and 1.0078
    expect(Math.max(...moved)).toBeGreaterThan(rate)
    trainer.dispose()
  })
})

describe('lazy embeddings', () => {
  const word = (trainer: Trainer): Float32Array => trainer.variables.get('embeddings.word')!.values()

  it('make the dense first step, and leave the rows of absent tokens as they are', () => {
    const [dense, lazy] = [smallTrainer({ weight_decay: 0.1 }), smallTrainer({ weight_decay: 0.1, embeddings: 'lazy' })]
    const before = word(dense)
    const batch = padTogether(pairs(4, 4, 'lazy'))
    for (const trainer of [dense, lazy]) trainer.step([batch], RATE, 1).dispose()
    const present = new Set([0, ...batch.tokenIds])
    const rows = (values: Float32Array, wanted: boolean): Float32Array =>
      values.filter((_, i) => present.has(Math.floor(i / HIDDEN)) === wanted)
    expect(rows(word(lazy), true)).toEqual(rows(word(dense), true))
    expect(rows(word(lazy), false)).toEqual(rows(before, false))
    expect(rows(word(dense), false)).not.toEqual(rows(before, false)) // the dense form decays them
    for (const [name, variable] of dense.variables)
      if (name !== 'embeddings.word') expect(lazy.variables.get(name)!.values()).toEqual(variable.values())
    for (const trainer of [dense, lazy]) trainer.dispose()
  })

  it("follow Adam's own formula for each row over its own steps, the bias correction by the common count", () => {
    const trainer = smallTrainer({ embeddings: 'lazy' })
    const batches = [1, 2, 3].map((number) => padTogether(pairs(3, 3, `rows ${number}`)))
    const state = {
      w: Float64Array.from(word(trainer)),
      m: new Float64Array(VOCABULARY * HIDDEN),
      v: new Float64Array(VOCABULARY * HIDDEN)
    }
    batches.forEach((batch, index) => {
      const step = index + 1
      const present = new Set([0, ...batch.tokenIds])
      const before = trainer.adam.state().get('embeddings.word.m')!.values()
      trainer.step([batch], RATE, step).dispose()
      const after = trainer.adam.state().get('embeddings.word.m')!.values()
      for (let i = 0; i < state.w.length; i++) {
        if (!present.has(Math.floor(i / HIDDEN))) continue
        const gradient = (after[i]! - 0.9 * before[i]!) / 0.1
        state.m[i] = 0.9 * state.m[i]! + 0.1 * gradient
        state.v[i] = 0.999 * state.v[i]! + 0.001 * gradient ** 2
        state.w[i]! -=
          (((RATE * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step)) * state.m[i]!) / (Math.sqrt(state.v[i]!) + 1e-7)
      }
      // the gradient is computed from two float32 moments: a ten-thousandth of the step of 1e-3
      expect(largestDifference(word(trainer), state.w)).toBeLessThan(2e-6)
    })
    trainer.dispose()
  })
})
