import { TASKS, type Task } from '@sohu-match/core'
import { crossed, type Match } from './crossing'
import { blocks, grouped, hashed, shuffled } from './order'
import { overlapMeter } from './overlap'
import { areRelated } from './related-topics'
import { splitKeys, SPLITS, type Split } from './split'
import { type NewsKind, type NewsText } from './texts'

/** A labelled pair of news texts with what its label follows from. */
export interface NewsPair {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly label: 0 | 1
  readonly sourceTopic: string
  readonly targetTopic: string
  readonly sourceEvent: string
  readonly targetEvent: string
}

/** The seed of the published pairs. */
export const CORPUS_SEED = 'sohu-match corpus 1'

/** Topics of each of the eight fields (of 16) that are kept for choosing and for testing: 88, 16 and 24 topics in all. */
const SHARES = { valid: 2, test: 3 }

/** Topics among which the closest negatives are looked for. */
const BLOCK = 8

/** Which kinds of text meet in a task. Every kind is as often source as target of the other kinds, in positives and in negatives. */
const ROUNDS: Readonly<Record<string, readonly (readonly [NewsKind, NewsKind])[]>> = {
  ss: [
    ['headline', 'post'],
    ['post', 'summary'],
    ['summary', 'headline']
  ],
  sl: [
    ['headline', 'report'],
    ['headline', 'follow'],
    ['post', 'report'],
    ['post', 'follow'],
    ['summary', 'report'],
    ['summary', 'follow']
  ],
  ll: [
    ['report', 'follow'],
    ['follow', 'report']
  ]
}

/** The events of a topic, each by the kinds of its texts. */
type Topic = readonly ReadonlyMap<NewsKind, NewsText>[]

/** What one call of `newsPairs` shares. */
interface Making {
  readonly seed: string
  readonly overlap: (one: string, other: string) => number
}

/**
 * The six tasks' pairs, split by topic; the same for the same texts and seed on every machine. Positives of criterion A are two texts
 * of a topic (one in five of one event), its negatives texts of two topics that are not near each other by meaning, close by words.
 * Positives of criterion B are two texts of an event, its negatives texts of two events of the same topic, close by words.
 */
export function newsPairs(
  news: readonly NewsText[],
  seed: string = CORPUS_SEED
): Record<Task, Record<Split, NewsPair[]>> {
  const topics = new Map(
    [...grouped(news, ({ topic }) => topic)].map(([name, texts]) => [
      name,
      [...grouped(texts, ({ event }) => event).values()].map((event) => new Map(event.map((text) => [text.kind, text])))
    ])
  )
  const strata = new Map(
    [...grouped(news, ({ field }) => field)].map(([field, texts]) => [field, [...new Set(texts.map((t) => t.topic))]])
  )
  const splitOf = splitKeys(strata, SHARES, seed)
  const making = { seed, overlap: overlapMeter() }
  const pairsOf = (task: Task, split: Split) =>
    taskPairs(making, task, split, new Map([...topics].filter(([topic]) => splitOf.get(topic) === split)))
  return Object.fromEntries(
    TASKS.map((task) => [task, Object.fromEntries(SPLITS.map((split) => [split, pairsOf(task, split)]))])
  ) as Record<Task, Record<Split, NewsPair[]>>
}

function taskPairs(making: Making, task: Task, split: Split, topics: ReadonlyMap<string, Topic>): NewsPair[] {
  const [criterion, lengths] = task.split('-') as ['A' | 'B', string]
  const used = new Set<string>()
  const pairs: (Match<NewsText> & { readonly label: 0 | 1 })[] = []
  for (const [source, target] of ROUNDS[lengths]!) {
    const round = { ...making, key: `${making.seed} ${task} ${source} ${target}`, source, target, used }
    for (const names of blocks(
      shuffled([...topics.keys()], round.key, (name) => name),
      BLOCK
    )) {
      const block = names.map((name) => topics.get(name)!)
      const { positives, negatives } = criterion === 'A' ? topicRound(round, block) : eventRound(round, block)
      for (const match of negatives) used.add(unordered(match.source, match.target))
      pairs.push(...positives.map((match) => ({ ...match, label: 1 as const })))
      pairs.push(...negatives.map((match) => ({ ...match, label: 0 as const })))
    }
  }
  const order = shuffled(
    pairs,
    `${making.seed} order`,
    ({ source, target }) => `${task}\n${source.text}\n${target.text}`
  )
  return order.map(({ source, target, label }, i) => ({
    id: `${task}-${split}-${i + 1}`,
    source: source.text,
    target: target.text,
    label,
    sourceTopic: source.topic,
    targetTopic: target.topic,
    sourceEvent: source.event,
    targetEvent: target.event
  }))
}

interface Round extends Making {
  readonly key: string
  readonly source: NewsKind
  readonly target: NewsKind
  /** Negatives of earlier rounds, either way round. */
  readonly used: ReadonlySet<string>
}

interface RoundPairs {
  readonly positives: readonly Match<NewsText>[]
  readonly negatives: readonly Match<NewsText>[]
}

/** Criterion A: each event meets the one some places further in its topic, in a fifth of the topics itself. */
function topicRound(round: Round, block: readonly Topic[]): RoundPairs {
  const positives = block.flatMap((topic) => {
    const events = shuffled(topic, round.seed, eventName)
    const shift = shiftOf(round, events)
    return events.map((event, i) => ({
      source: event.get(round.source)!,
      target: events[(i + shift) % events.length]!.get(round.target)!
    }))
  })
  const negatives = crossed(
    positives,
    (source, target) => !areRelated(source.topic, target.topic) && isNew(round, source, target),
    closeness(round)
  )
  return { positives, negatives }
}

/** Two rounds of the same two kinds, the other way round, never shift by opposite numbers: no pair comes twice. */
function shiftOf({ seed, source, target }: Round, events: Topic): number {
  const shift = hashed(events.length, `${seed} shift ${eventName(events[0]!)} ${[source, target].sort().join(' ')}`)
  return source < target ? shift : (events.length + 1 - shift) % events.length
}

/** Criterion B: each event meets itself; its negatives are the other events of its topic, which share most of their words. */
function eventRound(round: Round, block: readonly Topic[]): RoundPairs {
  const within = block.map((topic) =>
    topic.map((event) => ({ source: event.get(round.source)!, target: event.get(round.target)! }))
  )
  return {
    positives: within.flat(),
    negatives: within.flatMap((matches) =>
      crossed(matches, (s, t) => s.event !== t.event && isNew(round, s, t), closeness(round))
    )
  }
}

function closeness({ overlap }: Making) {
  return (source: NewsText, target: NewsText) => overlap(source.text, target.text)
}

function isNew({ used }: Round, source: NewsText, target: NewsText): boolean {
  return !used.has(unordered(source, target))
}

function unordered(one: NewsText, other: NewsText): string {
  return [`${one.event} ${one.kind}`, `${other.event} ${other.kind}`].sort().join(', ')
}

function eventName(event: ReadonlyMap<NewsKind, NewsText>): string {
  return event.values().next().value!.event
}
