import { SOHU_TASKS, type ModelConfig, type Tokenizer } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { parseTrainSettings } from '../config'
import type { EncodedPairs } from '../data/encode'
import { microBatches, taskFactors } from './micro-batches'

/** Four pairs of 2, 3, 4 and 3 tokens, of tasks 0, 0, 0 and 1. */
const train: EncodedPairs = {
  tokenIds: Int32Array.from({ length: 12 }, (_, i) => i + 1),
  offsets: Int32Array.of(0, 2, 5, 9, 12),
  firstLengths: Int32Array.of(1, 1, 2, 1),
  truncated: new Uint8Array(4),
  taskIds: Int32Array.of(0, 0, 0, 1),
  labels: Int8Array.of(0, 1, 1, 0)
}
const prepared = {
  pairs: { train, valid: train },
  tokenizer: {} as Tokenizer,
  config: { tasks: SOHU_TASKS } as ModelConfig
}
const batchesOf = (more: Record<string, unknown>) =>
  microBatches(parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1, ...more }, 'test'), prepared)

describe('the weights of pairs', () => {
  it('follow the tasks and keep their mean over the training pairs', () => {
    const factors = taskFactors({ 'B-ss': 5 }, SOHU_TASKS, train.taskIds)
    expect(factors.slice(0, 2)).toEqual([0.5, 2.5])
    expect([...train.taskIds].reduce((sum, task) => sum + factors[task]!, 0)).toBe(4)
    expect([...batchesOf({ task_weights: { 'B-ss': 5 } })(Int32Array.of(2, 3), 0)[0]!.weights]).toEqual([0.25, 1.25])
  })

  it('are 1 / pairs of the whole batch, or what the epoch says, however the batch is cut', () => {
    const parts = batchesOf({ micro_batch_tokens: 6 })(Int32Array.of(0, 1, 2, 3), 0)
    expect(parts.map(({ batch }) => batch)).toEqual([2, 1, 1])
    expect(parts.flatMap(({ weights }) => [...weights])).toEqual([0.25, 0.25, 0.25, 0.25])
    expect([...batchesOf({})(Int32Array.of(0, 1), 0, 0.125)[0]!.weights]).toEqual([0.125, 0.125])
  })
})

describe('pairs without a label', () => {
  it('weigh nothing, unless they have a target', () => {
    const labelled = { ...train, labels: Int8Array.of(-1, 1, -1, -1), targets: [[2], undefined, [], undefined] }
    const make = microBatches(parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1 }, 'test'), {
      ...prepared,
      pairs: { train: labelled, valid: labelled }
    })
    expect([...make(Int32Array.of(0, 1, 2, 3), 0)[0]!.weights]).toEqual([0.25, 0.25, 0.25, 0])
  })
})

describe('exchanged texts', () => {
  const all = Int32Array.of(0, 1, 2, 3)

  it('stand in the other order between the same special tokens, with their segments', () => {
    const [batch] = batchesOf({ exchange_texts: 1 })(all, 0)
    expect([...batch!.tokenIds]).toEqual([1, 2, 0, 0, 3, 4, 5, 0, 6, 8, 9, 7, 10, 11, 12, 0])
    expect([...batch!.segmentIds]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    expect(batch!.tokenCount).toBe(12)
  })

  it('are drawn again each epoch, by seed and epoch alone', () => {
    const shown = (epoch: number, seed = 1): string => {
      const many = {
        ...train,
        tokenIds: Int32Array.from({ length: 600 }, (_, i) => i),
        offsets: Int32Array.from({ length: 101 }, (_, i) => 6 * i),
        firstLengths: new Int32Array(100).fill(3),
        taskIds: new Int32Array(100),
        labels: new Int8Array(100)
      }
      const batch = microBatches(
        parseTrainSettings({ model: {}, epochs: 1, learning_rate: 1, seed, exchange_texts: 0.5 }, 'test'),
        { ...prepared, pairs: { train: many, valid: many } }
      )
      return batch(
        Int32Array.from({ length: 100 }, (_, i) => i),
        epoch
      )[0]!.tokenIds.join()
    }
    expect(shown(0)).toBe(shown(0))
    expect(new Set([shown(0), shown(1), shown(0, 2)]).size).toBe(3)
  })
})
