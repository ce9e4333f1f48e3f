import { TASKS } from '@sohu-match/core'
import { sha256 } from '@sohu-match/node'
import { describe, expect, it } from 'vitest'
import { newsPairs, widePairs, type NewsPair } from './news-pairs'
import { oneTextAuc } from '@sohu-match/testing'
import { grouped } from './order'
import { areRelated } from './related-topics'
import { SPLITS } from './split'
import { LONG_KINDS, readNews, ROUNDS, SPLIT_FIELDS, WIDE_FIELDS, type NewsText } from './texts'

const isWide = ({ field }: NewsText): boolean => (WIDE_FIELDS as readonly string[]).includes(field)

const texts = await readNews()
const news = texts.filter((text) => !isWide(text))
const pairs = newsPairs(news)
const all = TASKS.flatMap((task) =>
  SPLITS.flatMap((split) => pairs[task][split].map((pair) => ({ task, split, pair })))
)

const lengthOf = ({ kind }: NewsText) => ((LONG_KINDS as readonly string[]).includes(kind) ? 'l' : 's')

/** Texts of one side that occur in more positives than negatives, or vice versa. */
function unbalanced(own: readonly NewsPair[], side: 'source' | 'target'): string[] {
  const balance = new Map<string, number>()
  for (const pair of own) balance.set(pair[side], (balance.get(pair[side]) ?? 0) + (pair.label === 1 ? 1 : -1))
  return [...balance].filter(([, difference]) => difference !== 0).map(([text]) => text)
}

describe('newsPairs', () => {
  it('assigns each topic, and so each text, to one split: 264, 16 and 24 topics, some of every split field in each', () => {
    const topicsOf = (split: string) =>
      new Set(all.filter((row) => row.split === split).flatMap(({ pair }) => [pair.sourceTopic, pair.targetTopic]))
    const [train, valid, test] = SPLITS.map(topicsOf) as [Set<string>, Set<string>, Set<string>]
    expect([train.size, valid.size, test.size]).toEqual([264, 16, 24])
    expect(new Set([...train, ...valid, ...test]).size).toBe(304)
    const fields = grouped(news, (text) => text.field)
    const counts = (field: string): number[] => {
      const topics = new Set(fields.get(field)!.map(({ topic }) => topic))
      return [train, valid, test].map((split) => [...split].filter((topic) => topics.has(topic)).length)
    }
    for (const field of SPLIT_FIELDS) expect(counts(field)).toEqual([11, 2, 3])
    for (const field of ROUNDS.slice(1).flat()) expect(counts(field)).toEqual([16, 0, 0])
  })

  it('labels by the keys: criterion A by the topic, B by the event', () => {
    const wrong = all.filter(({ task, pair }) => {
      const isSame = task[0] === 'A' ? pair.sourceTopic === pair.targetTopic : pair.sourceEvent === pair.targetEvent
      return pair.label !== (isSame ? 1 : 0)
    })
    expect(wrong).toEqual([])
  })

  it('has the texts of the events it names, short ones first where lengths differ', () => {
    const textOf = new Map(news.map((text) => [text.text, text]))
    const wrong = all.filter(({ task, pair }) => {
      const [source, target] = [textOf.get(pair.source)!, textOf.get(pair.target)!]
      const keys = [source.event, source.topic, target.event, target.topic, lengthOf(source) + lengthOf(target)]
      const wanted = [pair.sourceEvent, pair.sourceTopic, pair.targetEvent, pair.targetTopic, task.slice(2)]
      return source === target || keys.join() !== wanted.join()
    })
    expect(wrong).toEqual([])
  })

  it('makes no pair of a task twice, except for long pairs in both orders', () => {
    for (const task of TASKS) {
      const own = SPLITS.flatMap((split) => pairs[task][split])
      expect(new Set(own.map(({ source, target }) => `${source}\n${target}`)).size).toBe(own.length)
    }
  })

  it('uses every text in as many negatives as positives, as source and as target', () => {
    for (const task of TASKS) {
      for (const split of SPLITS) {
        expect(unbalanced(pairs[task][split], 'source')).toEqual([])
        expect(unbalanced(pairs[task][split], 'target')).toEqual([])
      }
    }
  })

  it('draws negatives of B from one topic, and those of A from topics that are not related', () => {
    const wrong = all.filter(({ task, pair: { label, sourceTopic, targetTopic } }) => {
      const isAllowed = task[0] === 'B' ? sourceTopic === targetTopic : !areRelated(sourceTopic, targetTopic)
      return label === 0 && !isAllowed
    })
    expect(wrong).toEqual([])
  })

  it('trains criterion A on easy pairs, too: two of five positives are of one event, in valid and test about one of ten', () => {
    const share = (split: 'train' | 'valid' | 'test'): number => {
      const positives = all.filter((row) => row.task[0] === 'A' && row.split === split && row.pair.label === 1)
      return positives.filter(({ pair }) => pair.sourceEvent === pair.targetEvent).length / positives.length
    }
    expect(share('train')).toBeCloseTo(0.42, 1)
    for (const split of ['valid', 'test'] as const) expect(share(split)).toBeLessThan(0.15)
  })

  it('does not reveal the label through one text alone', () => {
    const side = (own: readonly NewsPair[], name: 'source' | 'target') =>
      own.map((pair) => ({ text: pair[name], label: pair.label }))
    for (const task of TASKS) {
      for (const name of ['source', 'target'] as const) {
        const { train, test } = pairs[task]
        expect(Math.abs(oneTextAuc(side(train, name), side(test, name)) - 0.5)).toBeLessThanOrEqual(0.05)
      }
    }
  })

  it('is measured by a classifier that detects labels that a text does reveal', () => {
    const told = (own: readonly NewsPair[]) =>
      own.map(({ source }) => ({ text: source, label: source.includes('了') ? (1 as const) : (0 as const) }))
    expect(oneTextAuc(told(pairs['A-ss'].train), told(pairs['A-ss'].test))).toBeGreaterThan(0.9)
  })

  it('is the same for the same texts and seed on every machine', () => {
    const hash = sha256(new TextEncoder().encode(JSON.stringify(pairs)))
    expect(hash).toMatchInlineSnapshot(`"58babbbffd2fcc54d58628352e5764ad61a0fb5a5c6c6cdae5a21290cc758f26"`)
  })
})

describe('widePairs', () => {
  const wideTexts = texts.filter(isWide)
  const wide = widePairs(wideTexts)

  it('is about 128 topics, in every task, and labels by the keys', () => {
    const names = new Set(wideTexts.map(({ topic }) => topic))
    expect(names.size).toBe(128)
    for (const task of TASKS) {
      expect(new Set(wide[task].test.map(({ sourceTopic }) => sourceTopic))).toEqual(names)
      const wrong = wide[task].test.filter(({ label, ...pair }) => {
        const isSame = task[0] === 'A' ? pair.sourceTopic === pair.targetTopic : pair.sourceEvent === pair.targetEvent
        return label !== (isSame ? 1 : 0)
      })
      expect(wrong).toEqual([])
    }
  })

  it('uses every text in as many negatives as positives, and none of criterion A of related topics', () => {
    for (const task of TASKS) {
      expect(unbalanced(wide[task].test, 'source')).toEqual([])
      expect(unbalanced(wide[task].test, 'target')).toEqual([])
    }
    const negatives = (['A-ss', 'A-sl', 'A-ll'] as const)
      .flatMap((task) => wide[task].test)
      .filter(({ label }) => label === 0)
    expect(negatives.filter(({ sourceTopic, targetTopic }) => areRelated(sourceTopic, targetTopic))).toEqual([])
  })
})
