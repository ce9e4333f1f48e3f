import type { Example } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { applyOverrides, parseTrainSettings, presets } from '../config'
import { PRESET_USES } from '../presets'
import { planRun, type PlannedStart } from './plan'

const pairs = (count: number, length: number): Example[] =>
  Array.from({ length: count }, (_, i) => ({
    a: '问'.repeat(length),
    b: '答'.repeat(length),
    task: 0,
    label: (i % 2) as 0 | 1
  }))

const settingsOf = async (train: readonly Example[], start: PlannedStart) => {
  const { preset, set } = planRun(train, start)
  return parseTrainSettings(applyOverrides(await presets.read(preset), set), 'the plan')
}

const published: PlannedStart = { kind: 'public', name: 'bge-small-zh-v1.5', kept: true }
const nothing: PlannedStart = { kind: 'nothing', reason: 'there are none' }

describe('a planned run', () => {
  it('has enough updates for few pairs, and looks at valid often for many', async () => {
    const few = await settingsOf(pairs(400, 10), published)
    expect([few.epochs, few.batchPairs, few.epochPairs, few.patience]).toEqual([10, 16, 0, 2])
    const middle = await settingsOf(pairs(8000, 10), published)
    expect([middle.epochs, middle.batchPairs, middle.epochPairs]).toEqual([3, 32, 0])
    const many = await settingsOf(pairs(30_000, 10), published)
    expect([many.epochs, many.epochPairs]).toEqual([6, 10_000])
    const scratch = await settingsOf(pairs(8000, 10), nothing)
    expect([scratch.epochs, scratch.patience]).toEqual([6, 3])
  })

  it('is as long as nearly all texts, or pairs, and no longer than is affordable', async () => {
    expect((await settingsOf(pairs(400, 40), published)).trainMaxLength).toBe(48)
    expect((await settingsOf(pairs(400, 3), published)).trainMaxLength).toBe(32)
    expect((await settingsOf(pairs(400, 600), published)).trainMaxLength).toBe(256)
    expect((await settingsOf(pairs(400, 40), nothing)).model['max_length']).toBe(96)
    expect(planRun(pairs(400, 600), published).reasons.join(' ')).toContain('shortens at most 100.0 % of the pairs')
  })

  it('draws texts of one key together only where the data name keys', async () => {
    expect((await settingsOf(pairs(100, 10), published)).contrastiveWeight).toBe(0)
    const keyed = pairs(100, 10).map((pair) => ({ ...pair, keys: ['x', 'y'] as const }))
    expect((await settingsOf(keyed, published)).contrastiveWeight).toBe(1)
  })

  it('is a cross-encoder where a task has labels or a score', async () => {
    const labelled = pairs(100, 10).map(({ a }): Example => ({ a, task: 0, target: [1] }))
    const own = { architecture: 'bi-encoder', pooling: 'cls', maxLength: 24 } as const
    for (const start of [published, { kind: 'checkpoint', folder: 'runs/x', ...own } as const]) {
      const { model, learningRateFactors } = await settingsOf(labelled, start)
      expect([model['architecture'], learningRateFactors]).toEqual(['cross-encoder', {}])
      expect(planRun(labelled, start).reasons.join(' ')).toContain('Architecture: cross-encoder')
    }
  })

  it('keeps the architecture, pooling and length of a checkpoint', async () => {
    const own = { architecture: 'cross-encoder', pooling: 'mean', maxLength: 24 } as const
    const start = { kind: 'checkpoint', folder: 'runs/x', ...own } as const
    const settings = await settingsOf(pairs(100, 20), start)
    expect([settings.model['architecture'], settings.contrastiveWeight, settings.learningRateFactors]).toEqual([
      'cross-encoder',
      0,
      {}
    ])
    expect([settings.model['pooling'], settings.model['max_length'], settings.trainMaxLength]).toEqual(['mean', 24, 24])
  })
})

it('every preset is described by its use', () => {
  for (const name of presets.names()) expect(PRESET_USES[name], name).toBeTruthy()
})
