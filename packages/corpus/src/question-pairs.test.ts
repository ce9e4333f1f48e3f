import { sha256 } from '@sohu-match/node'
import { describe, expect, it } from 'vitest'
import { familyOf } from './families'
import { oneTextAuc } from '@sohu-match/testing'
import { grouped } from './order'
import { questionPairs } from './question-pairs'
import { SPLITS } from './split'
import { readQuestions } from './texts'

const questions = await readQuestions()
const pairs = questionPairs(questions)
const groupOf = (intent: string) => intent.slice(0, -2)

describe('questionPairs', () => {
  it('assigns each family of groups, and so each question, to one split', () => {
    const splitOf = new Map<string, string>()
    for (const split of SPLITS) {
      for (const { sourceIntent, targetIntent } of pairs[split]) {
        for (const intent of [sourceIntent, targetIntent]) {
          const family = familyOf(groupOf(intent))
          expect(splitOf.get(family) ?? split).toBe(split)
          splitOf.set(family, split)
        }
      }
    }
    expect(SPLITS.map((split) => pairs[split].length)).toMatchInlineSnapshot(`
      [
        1986,
        252,
        642,
      ]
    `)
  })

  it('labels by the intents; two thirds of the negatives are of one group, the others of two families of a domain', () => {
    for (const split of SPLITS) {
      for (const pair of pairs[split]) expect(pair.label).toBe(pair.sourceIntent === pair.targetIntent ? 1 : 0)
      const negatives = pairs[split].filter(({ label }) => label === 0)
      const near = negatives.filter((pair) => groupOf(pair.sourceIntent) === groupOf(pair.targetIntent))
      expect(near).toHaveLength((negatives.length * 2) / 3)
      for (const { sourceIntent, targetIntent } of negatives.filter((pair) => !near.includes(pair))) {
        expect(familyOf(groupOf(sourceIntent))).not.toBe(familyOf(groupOf(targetIntent)))
        expect(sourceIntent.split('-')[0]).toBe(targetIntent.split('-')[0])
      }
    }
  })

  it('uses every question in as many negatives as positives, so that one alone reveals nothing', () => {
    for (const side of ['source', 'target'] as const) {
      const texts = (split: 'train' | 'test') => pairs[split].map((pair) => ({ text: pair[side], label: pair.label }))
      for (const own of grouped(pairs.train, (pair) => pair[side]).values()) {
        expect(own.filter(({ label }) => label === 1)).toHaveLength(own.length / 2)
      }
      expect(Math.abs(oneTextAuc(texts('train'), texts('test')) - 0.5)).toBeLessThanOrEqual(0.05)
    }
  })

  it('is the same for the same questions on every machine, and different with another seed', () => {
    expect(sha256(new TextEncoder().encode(JSON.stringify(pairs)))).toMatchInlineSnapshot(
      `"994f80e5f10b3080f175e412c89930846d924d89e478f6420012b751b1dc3730"`
    )
    expect(questionPairs(questions, 'another').valid).not.toEqual(pairs.valid)
  })
})
