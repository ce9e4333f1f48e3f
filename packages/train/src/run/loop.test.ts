import { parseModelConfig } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { parseTrainSettings } from '../config'
import type { EncodedPairs } from '../data/encode'
import type { SizedSettings } from './batch-size'
import { epochPlans } from './loop'
import { TINY_MODEL } from './tiny-model.fixtures'

/** 60 pairs of 10 tokens, of three tasks in turn. */
const pairs: EncodedPairs = {
  tokenIds: new Int32Array(600).fill(2),
  offsets: Int32Array.from({ length: 61 }, (_, i) => 10 * i),
  firstLengths: new Int32Array(60).fill(5),
  truncated: new Uint8Array(60),
  taskIds: Int32Array.from({ length: 60 }, (_, i) => i % 3),
  labels: new Int8Array(60)
}

/** The largest number of tasks that share a batch. */
function tasksOfABatch(architecture: 'bi-encoder' | 'cross-encoder', mixTasks: boolean): number {
  const settings = parseTrainSettings(
    { model: {}, epochs: 1, learning_rate: 1, batch_pairs: 12, mix_tasks: mixTasks },
    'test'
  ) as SizedSettings
  const config = parseModelConfig({ ...TINY_MODEL, architecture })
  const [plan] = epochPlans(settings, { pairs: { train: pairs, valid: pairs }, config })
  const { batches } = plan!
  expect(batches.reduce((sum, { length }) => sum + length, 0)).toBe(60)
  return Math.max(...batches.map((batch) => new Set(Array.from(batch, (i) => pairs.taskIds[i])).size))
}

describe('mix_tasks', () => {
  it('lets the pairs of all tasks share the batches of a bi-encoder; without it each batch has those of one task', () => {
    expect(tasksOfABatch('bi-encoder', false)).toBe(1)
    expect(tasksOfABatch('bi-encoder', true)).toBe(3)
  })

  it('changes nothing for a network over pairs, whose batches are always mixed', () => {
    expect(tasksOfABatch('cross-encoder', false)).toBe(3)
    expect(tasksOfABatch('cross-encoder', true)).toBe(3)
  })
})
