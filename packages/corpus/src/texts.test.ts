import { describe, expect, it } from 'vitest'
import { grouped } from './order'
import { familyOf } from './families'
import { areRelated } from './related-topics'
import { LONG_KINDS, NEWS_FIELDS, QUESTION_DOMAINS, readNews, readQuestions, SHORT_KINDS } from './texts'

const news = await readNews()
const questions = await readQuestions()

describe('the news', () => {
  it('is 2,160 events of 432 topics in twenty-seven fields, each event reported by three short and two long texts', () => {
    const fields = grouped(news, ({ field }) => field)
    expect([...fields.keys()]).toEqual(NEWS_FIELDS)
    for (const texts of fields.values()) expect(grouped(texts, ({ topic }) => topic).size).toBe(16)
    const topics = grouped(news, ({ topic }) => topic)
    expect(topics.size).toBe(432)
    for (const texts of topics.values()) {
      expect(new Set(texts.map(({ topicName }) => topicName)).size).toBe(1)
      expect(texts[0]!.topicName).toMatch(/^[^()（）]+$/)
      const events = grouped(texts, ({ event }) => event)
      expect([...events.keys()]).toEqual([1, 2, 3, 4, 5].map((n) => `${texts[0]!.topic}-${n}`))
      for (const event of events.values()) {
        expect(event.map(({ kind }) => kind)).toEqual([...SHORT_KINDS, ...LONG_KINDS])
      }
    }
  })

  it('keeps to its lengths: 12 to 60 characters or 150 to 500', () => {
    const outside = news.filter(({ kind, text }) => {
      const length = [...text].length
      const [least, most] = (SHORT_KINDS as readonly string[]).includes(kind) ? [12, 60] : [150, 500]
      return length < least! || length > most!
    })
    expect(outside.map(({ event, kind }) => `${event} ${kind}`)).toEqual([])
  })

  it('repeats no run of ten characters in two events', () => {
    const eventOf = new Map<string, string>()
    const repeated: string[] = []
    for (const { event, text } of news) {
      for (let i = 0; i + 10 <= text.length; i++) {
        const run = text.slice(i, i + 10)
        const other = eventOf.get(run)
        if (other !== undefined && other !== event) repeated.push(`${other} and ${event}: ${run}`)
        eventOf.set(run, event)
      }
    }
    expect(repeated).toEqual([])
  })

  it('has no text twice', () => {
    expect(new Set(news.map(({ text }) => text)).size).toBe(news.length)
  })
})

describe('the questions', () => {
  it('are 200 groups of four domains, each of two or three intents of three phrasings', () => {
    const domains = grouped(questions, ({ domain }) => domain)
    expect([...domains.keys()]).toEqual([...QUESTION_DOMAINS])
    for (const own of domains.values()) {
      const groups = grouped(own, ({ group }) => group)
      expect(groups.size).toBe(50)
      for (const group of groups.values()) {
        const intents = grouped(group, ({ intent }) => intent)
        expect([2, 3]).toContain(intents.size)
        for (const phrasings of intents.values()) expect(phrasings).toHaveLength(3)
      }
    }
  })

  it('are 4 to 34 characters long, none of them twice', () => {
    for (const { text } of questions)
      expect([...text].length).toSatisfy((length: number) => length >= 4 && length <= 34)
    expect(new Set(questions.map(({ text }) => text)).size).toBe(questions.length)
  })

  it('have families of groups that exist, in one domain', () => {
    const groups = new Set(questions.map(({ group }) => group))
    for (const group of groups) expect(groups).toContain(familyOf(group))
    expect(familyOf('bank-43')).toBe('bank-05')
    expect(familyOf('bank-07')).toBe('bank-07')
  })
})

describe('related topics', () => {
  it('are those of a row, and a topic itself', () => {
    expect(areRelated('t071', 't074')).toBe(true)
    expect(areRelated('t001', 't001')).toBe(true)
    expect(areRelated('t001', 't074')).toBe(false)
  })
})
