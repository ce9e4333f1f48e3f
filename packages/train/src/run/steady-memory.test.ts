import { parameterSpecs, parseModelConfig } from '@sohu-match/core'
import { expect, it } from 'vitest'
import { initialVariables } from '../initialization/parameters'
import { parseTrainSettings } from '../config'
import { tf } from '../tfjs'
import { Trainer } from '../step/trainer'
import type { LabeledBatch } from '../autograd/pass'

/**
 * Resident memory swings by 25 MB with V8's heap, so the lowest of many readings are compared. The slack is a third of what a leak of one
 * [tokens, hidden] tensor a step would cost (128 tokens x 32 x 4 bytes x 2 micro-batches x 500 steps = 16 MB).
 */
const SLACK_BYTES = 5e6

/** Without a time limit: on a busy machine 500 steps take as long as they take, and what is measured is memory. */
it('holds tensors and memory steady over 500 steps of changing shapes', { timeout: 0 }, () => {
  const config = parseModelConfig({
    vocab_size: 200,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 64
  })
  const variables = initialVariables(parameterSpecs(config), 1)
  const trainer = new Trainer(
    parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1e-3, clip_norm: 1, weight_decay: 0.01 }, 'test'),
    config,
    variables
  )
  const step = (number: number): void => {
    const loss = trainer.step([randomBatch(8, 16 + (number % 17)), randomBatch(4, 32)], 1e-3, number)
    expect(loss.dataSync()[0]).toBeGreaterThan(0)
    loss.dispose()
  }
  const lowest = (from: number): number =>
    Math.min(
      ...Array.from({ length: 125 }, (_, i) => {
        step(from + i)
        return residentBytes()
      })
    )
  for (let number = 1; number <= 100; number++) step(number)
  const tensors = tf.memory().numTensors
  const early = lowest(101)
  for (let number = 226; number <= 475; number++) step(number)
  const late = lowest(476)
  expect(tf.memory().numTensors).toBe(tensors)
  expect(late - early).toBeLessThan(SLACK_BYTES)
  trainer.dispose()
})

function residentBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

function randomBatch(batch: number, seq: number): LabeledBatch {
  const ids = (limit: number, count: number): Int32Array =>
    Int32Array.from({ length: count }, (_, i) => (i * 7919) % limit)
  return {
    batch,
    seq,
    tokenIds: ids(200, batch * seq),
    segmentIds: ids(2, batch * seq),
    taskIds: ids(6, batch),
    labels: ids(2, batch),
    weights: new Float32Array(batch).fill(1 / (2 * batch))
  }
}
