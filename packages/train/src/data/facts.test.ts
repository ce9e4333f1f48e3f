import type { Example } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { dataFacts, lengthWithin } from './facts'

const tasks = [{ name: 'match', id: 0, group: 'match' }]
const pair = (a: string, b: string, label?: 0 | 1): Example => ({
  a,
  b,
  task: 0,
  ...(label !== undefined && { label })
})

describe('what is counted of a data set', () => {
  const facts = dataFacts({
    tasks,
    splits: {
      train: [pair('甲', '乙', 1), pair('乙！', '甲', 1), pair('甲', '乙', 0), pair('丙', '丁', 0)],
      valid: [pair('丙', '戊', 1), pair('', '己')],
      test: []
    }
  })

  it('are pairs, labels and lengths of each part that has pairs', () => {
    expect(facts.parts).toMatchObject([
      { task: 'match', split: 'train', pairs: 4, matches: 2, unlabelled: 0, a: { median: 1, most: 2, longest: 2 } },
      { task: 'match', split: 'valid', pairs: 2, matches: 1, unlabelled: 1 }
    ])
  })

  it('are pairs that repeat or contradict another, in either order and without regard to punctuation', () => {
    expect(facts.duplicates).toBe(2)
    expect(facts.contradictions.map(({ a, b }) => [a, b])).toEqual([['甲', '乙']])
  })

  it('are texts in two splits, and empty ones', () => {
    expect([facts.shared, facts.emptyTexts]).toEqual([{ valid: 1, test: 0 }, 1])
  })
})

describe('of tasks with labels or a score', () => {
  const labelled = [
    { name: 'nli', id: 0, group: 'nli', kind: 'one-of', labels: ['矛盾', '中立', '蕴含'] },
    { name: 'stars', id: 1, group: 'stars', kind: 'score', range: [1, 5] }
  ] as const
  const of = (task: number, a: string, b: string, target: number): Example => ({ a, b, task, target: [target] })
  const train = [
    of(0, '甲', '乙', 2),
    of(0, '乙', '甲', 1),
    of(0, '甲', '乙', 1),
    of(1, '甲', '乙', 3),
    of(1, '甲', '乙', 4)
  ]
  const facts = dataFacts({ tasks: labelled, splits: { train, valid: [], test: [] } })

  it('the labels are counted', () => {
    expect(facts.parts).toMatchObject([
      { task: 'nli', kind: 'one-of', labels: { 矛盾: 0, 中立: 2, 蕴含: 1 }, unlabelled: 0 },
      { task: 'stars', kind: 'score', pairs: 2 }
    ])
  })

  it('a pair is another one in the other order, and two scores of it are not a contradiction', () => {
    expect(facts.duplicates).toBe(2)
    expect(facts.contradictions.map(({ a, b, task }: Partial<Example>) => [task, a, b])).toEqual([[0, '甲', '乙']])
  })
})

it('the length that a share of texts stays within counts characters, not code units', () => {
  const texts = Array.from({ length: 100 }, (_, i) => '𠮷'.repeat(i + 1))
  expect([0.5, 0.95, 0.99, 1].map((share) => lengthWithin(texts, share))).toEqual([50, 95, 99, 100])
  expect(lengthWithin([], 0.5)).toBe(0)
})
