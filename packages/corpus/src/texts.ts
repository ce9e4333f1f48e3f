import { createRequire } from 'node:module'
import { MatcherError } from '@sohu-match/core'
import { linesOfFile } from '@sohu-match/node'

/** 12 to 60 characters: a portal's headline, a casual post, a one-sentence summary. */
export const SHORT_KINDS = ['headline', 'post', 'summary'] as const

/** 150 to 500 characters: the first report, and another outlet's angle or a later stage. */
export const LONG_KINDS = ['report', 'follow'] as const

export type NewsKind = (typeof SHORT_KINDS)[number] | (typeof LONG_KINDS)[number]

/** The five texts of an event are of five kinds, and the five events of a topic are alike. */
export interface NewsText {
  /** Name of the file: a broad field such as `sports-games`. */
  readonly field: string
  readonly topic: string
  readonly topicName: string
  readonly event: string
  readonly kind: NewsKind
  readonly text: string
}

/** The three questions of an intent ask the same; the intents of a group are easily confused. */
export interface Question {
  readonly domain: string
  readonly group: string
  readonly intent: string
  readonly text: string
}

/** Files of `news/`, sixteen topics each, of the first round of writing: their topics are split into train, valid and test. */
export const SPLIT_FIELDS = [
  'sports-games',
  'money-homes',
  'science-technology',
  'roads-travel',
  'health-schools',
  'weather-courts',
  'culture-animals',
  'farms-world-community'
] as const

const SECOND_FIELDS = [
  'stage-stadium',
  'daily-living',
  'prices-devices',
  'local-life',
  'research-abroad',
  'trades'
] as const

/**
 * The third round, whose topics are sagas: the five events of a topic happen to one club, bridge or firm, whose name they share,
 * and each town has four sagas, so that neither the name of a thing nor of a town decides alone.
 */
const SAGA_FIELDS = ['clubs-stars', 'makers-firms', 'town-works', 'cases-people', 'nature-science'] as const

/** Fields of each round of writing for training. All but the first are for nothing else, so that measurements stay comparable. */
export const ROUNDS: readonly (readonly string[])[] = [SPLIT_FIELDS, SECOND_FIELDS, SAGA_FIELDS]

/** Written last, by other writers: a second test, by which nothing was chosen. */
export const WIDE_FIELDS = [
  'working-life',
  'family-ageing',
  'body-care',
  'screens-culture',
  'streets-services',
  'fields-seas',
  'machines-finance',
  'sport-abroad'
] as const

export const NEWS_FIELDS: readonly string[] = [...ROUNDS.flat(), ...WIDE_FIELDS]

export function isSaga({ field }: NewsText): boolean {
  return (SAGA_FIELDS as readonly string[]).includes(field)
}

/** Files of `questions/`; fifty groups each. */
export const QUESTION_DOMAINS = ['bank', 'shop', 'phone', 'travel'] as const

/** In the order of the files. Throws `asset-missing` or `data-invalid`. */
export async function readNews(): Promise<NewsText[]> {
  const files = await Promise.all(
    NEWS_FIELDS.map(async (field) => {
      const rows = await records(`news/${field}.jsonl`, ['topic', 'topic_name', 'event', 'kind', 'text'])
      return rows.map(([topic, topicName, event, kind, text]) => ({
        field,
        topic: topic!,
        topicName: topicName!,
        event: event!,
        kind: kind as NewsKind,
        text: text!
      }))
    })
  )
  return files.flat()
}

/** In the order of the files. Throws `asset-missing` or `data-invalid`. */
export async function readQuestions(): Promise<Question[]> {
  const files = await Promise.all(
    QUESTION_DOMAINS.map(async (name) => {
      const rows = await records(`questions/${name}.jsonl`, ['domain', 'group', 'intent', 'text'])
      return rows.map(([domain, group, intent, text]) => ({
        domain: domain!,
        group: group!,
        intent: intent!,
        text: text!
      }))
    })
  )
  return files.flat()
}

/** String fields of every line of a file in this package, found through its exports even from a bundle. */
async function records(file: string, fields: readonly string[]): Promise<string[][]> {
  const path = createRequire(import.meta.url).resolve(`@sohu-match/corpus/${file}`)
  const rows: string[][] = []
  for await (const { text, number } of linesOfFile(path)) {
    const record = JSON.parse(text) as Record<string, unknown>
    const values = fields.map((field) => record[field])
    if (!values.every((value) => typeof value === 'string')) {
      throw new MatcherError(
        'data-invalid',
        `${file}:${number}: the line must have the strings ${fields.join(', ')}; it has ${Object.keys(record).join(', ')}.`
      )
    }
    rows.push(values)
  }
  return rows
}
