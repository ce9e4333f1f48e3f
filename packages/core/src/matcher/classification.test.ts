import { describe, expect, it } from 'vitest'
import { padBatch } from '../engine/batch'
import { encodePairs } from '../engine/encode'
import type { Batch, Engine } from '../engine/engine'
import { fakeInfo, fakeManifest, fakeTokenizer } from '../engine/fake-engine.fixtures'
import { createMatcherFrom } from './matcher'
import type { CommonOptions } from './types'

const labels = ['矛盾', '中立', '蕴含']
const manifest = fakeManifest({
  format: 3,
  outputs: 9,
  tasks: [
    { name: 'same', id: 0, group: 'x', threshold: 0.4, columns: [0, 2] },
    { name: 'one', id: 1, group: 'x', kind: 'one-of', labels, columns: [2, 5] },
    {
      name: 'any',
      id: 2,
      group: 'x',
      kind: 'any-of',
      labels,
      thresholds: { 矛盾: 0.5, 中立: 0.2, 蕴含: 0.9 },
      columns: [5, 8]
    },
    { name: 'grade', id: 3, group: 'x', kind: 'score', range: [1, 5], columns: [8, 9] }
  ]
})

/** Logits of a row: column c is c plus the number of tokens, for columns of all heads, so that a task that reads another's columns shows. */
const rowOf = (tokens: number): number[] => Array.from({ length: 9 }, (_, column) => (column + tokens) / 10)

const engine: Engine = {
  encode: async (pairs, policy) => encodePairs(fakeTokenizer, pairs, policy),
  async encodeAndRun(pairs, policy) {
    const encoded = encodePairs(fakeTokenizer, pairs, policy)
    const batch = padBatch(encoded.map((one) => ({ ...one, taskId: pairs[one.pair]!.taskId })))
    return { pairs: encoded, outputs: await engine.run(batch) }
  },
  run: async ({ batch, seq, tokenIds }: Batch) =>
    Float32Array.from(
      Array.from({ length: batch }, (_, row) =>
        rowOf(tokenIds.subarray(row * seq, (row + 1) * seq).filter((id) => id !== 0).length)
      ).flat()
    ),
  health: () => ({ workers: 1, crashes: 0 }),
  dispose: async () => undefined
}
const matcher = (options: Partial<CommonOptions<string>> = {}) =>
  createMatcherFrom<string>(engine, manifest, fakeInfo, options)

describe('classify', () => {
  it('answers each kind from its own columns, of a pair or of one text', async () => {
    const one = await matcher().classify('ab', 'cd', 'one') // [CLS] ab [SEP] cd [SEP]
    const powers = [0.9, 1.0, 1.1].map(Math.exp)
    const sum = powers[0]! + powers[1]! + powers[2]!
    expect(one).toMatchObject({ task: 'one', kind: 'one-of', label: '蕴含', tokenCount: 7, truncated: false })
    if (one.kind !== 'one-of') throw new Error('another kind')
    labels.forEach((label, i) => expect(one.probabilities[label]).toBeCloseTo(powers[i]! / sum, 6)) // float32 logits
    const any = await matcher().classify('ab', undefined, 'any') // 4 tokens: logits .9, 1, 1.1
    expect(any).toMatchObject({ kind: 'any-of', labels: ['中立', '矛盾'], tokenCount: 4 })
    expect(any.logits.map((value) => Number(value.toFixed(6)))).toEqual([0.9, 1, 1.1])
    const grade = await matcher().classify('ab', undefined, 'grade')
    if (grade.kind !== 'score') throw new Error('another kind')
    expect(grade.value).toBeCloseTo(1 + 4 / (1 + Math.exp(-1.2)), 6)
    expect(await matcher().match('ab', 'cd', 'same')).toMatchObject({ label: 1, threshold: 0.4 })
  })

  it('reads a long text in windows: the largest logit of each label, or its mean', async () => {
    const read = async (combine: 'max' | 'mean') =>
      (await matcher({ truncation: { window: 5, stride: 3, combine } }).classify('abcd', undefined, 'any')).logits
    // windows abc (5 tokens) and bcd: the same number of tokens, so the same logits
    for (const combine of ['max', 'mean'] as const)
      expect((await read(combine)).map((value) => Number(value.toFixed(6)))).toEqual([1, 1.1, 1.2])
  })

  it('knows all tasks by default, and sends each to its own method', async () => {
    expect(matcher().info.tasks.map(({ name }) => name)).toEqual(['same', 'one', 'any', 'grade'])
    await expect(matcher().match('a', 'b', 'one')).rejects.toMatchObject({
      code: 'input-invalid',
      message: 'task is "one", which is one-of; ask for its answer with classify.'
    })
    await expect(matcher().classify('a', 'b', 'same')).rejects.toMatchObject({
      code: 'input-invalid',
      message: 'task is "same", a match task; ask with match.'
    })
    await expect(matcher().classify('a', 'b', 'two')).rejects.toMatchObject({ code: 'task-unknown' })
    await expect(matcher().classify(undefined as never, 'b', 'one')).rejects.toMatchObject({ code: 'input-invalid' })
    await expect(matcher().classify('a', null as never, 'one')).rejects.toMatchObject({ code: 'input-invalid' })
    expect(() => matcher({ thresholds: { any: 0.5 } })).toThrow('The task "any" is not a match task')
  })
})
