import { TASKS, type Task } from '@sohu-match/core'
import { crossed, type Match } from './crossing'
import { blocks, grouped, hashed, shuffled } from './order'
import { overlapMeter } from './overlap'
import { areRelated } from './related-topics'
import { splitKeys, SPLITS, type Split } from './split'
import { isSaga, LONG_KINDS, SHORT_KINDS, SPLIT_FIELDS, type NewsKind, type NewsText } from './texts'

/** A labeled pair of news texts with the facts behind its label. */
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

/** Of the published pairs. */
export const CORPUS_SEED = 'sohu-match corpus 1'

/** Number of topics of each of the eight split fields (of 16) for valid and test: 16 and 24 in all. */
const SHARES = { valid: 2, test: 3 }

/** Number of topics among which the closest negatives of criterion A are searched. */
const BLOCK = 16

/** Number of events per topic that criterion A also pairs with themselves, in training. */
const EASY_EVENTS = 3

/** Kinds of the sources and targets of a task, and the target's offset in kind for each round. */
const MEETINGS: Readonly<Record<string, Meeting>> = {
  ss: { sources: SHORT_KINDS, targets: SHORT_KINDS, turns: [1] },
  sl: { sources: SHORT_KINDS, targets: LONG_KINDS, turns: [0, 1] },
  ll: { sources: LONG_KINDS, targets: LONG_KINDS, turns: [1] }
}

interface Meeting {
  readonly sources: readonly NewsKind[]
  readonly targets: readonly NewsKind[]
  readonly turns: readonly number[]
}

/** Texts of an event by kind. */
type Event = ReadonlyMap<NewsKind, NewsText>

type Topic = readonly Event[]

/** State shared by the rounds of a task. */
interface Round extends Meeting {
  /** Seed and task. */
  readonly key: string
  readonly turn: number
  readonly closeness: (source: NewsText, target: NewsText) => number
  /** True if no earlier round has this pair as a negative. */
  readonly isNew: (source: NewsText, target: NewsText) => boolean
}

interface RoundPairs {
  readonly positives: readonly Match<NewsText>[]
  readonly negatives: readonly Match<NewsText>[]
}

/**
 * The six tasks' pairs, split by topic; deterministic in texts and seed. Positives of criterion A are two texts of a
 * topic (about one in ten of one event; in training two of five), its negatives texts of two unrelated topics.
 * Positives of criterion B are two texts of an event, its negatives texts of two events of a topic. Negatives are close
 * by words (in training a third of A's are not), and every text occurs in as many negatives as positives, as source and
 * as target.
 */
export function newsPairs(
  news: readonly NewsText[],
  seed: string = CORPUS_SEED
): Record<Task, Record<Split, NewsPair[]>> {
  const splitOf = splitsByTopic(news, seed)
  const closeness = textOverlap()
  const pairsOf = (task: Task, split: Split) => {
    const topics = topicsOf(news.filter(({ topic }) => splitOf.get(topic) === split))
    return numbered(taskPairs(topics, { task, split, seed }, closeness), `${task}-${split}`)
  }
  return Object.fromEntries(
    TASKS.map((task) => [task, Object.fromEntries(SPLITS.map((split) => [split, pairsOf(task, split)]))])
  ) as Record<Task, Record<Split, NewsPair[]>>
}

/** Pairs of the six tasks for testing alone, made as those of the test split are, from all topics of `news`. */
export function widePairs(news: readonly NewsText[], seed: string = CORPUS_SEED): Record<Task, { test: NewsPair[] }> {
  const [topics, closeness] = [topicsOf(news), textOverlap()]
  const pairsOf = (task: Task) => numbered(taskPairs(topics, { task, split: 'test', seed }, closeness), `${task}-wide`)
  return Object.fromEntries(TASKS.map((task) => [task, { test: pairsOf(task) }])) as Record<Task, { test: NewsPair[] }>
}

function textOverlap(): Round['closeness'] {
  const overlap = overlapMeter()
  return (source, target) => overlap(source.text, target.text)
}

function numbered(pairs: readonly Omit<NewsPair, 'id'>[], name: string): NewsPair[] {
  return pairs.map((pair, i) => ({ id: `${name}-${i + 1}`, ...pair }))
}

/** By hash within the split fields; `train` in the others. */
function splitsByTopic(news: readonly NewsText[], seed: string): ReadonlyMap<string, Split> {
  const fields = [...grouped(news, ({ field }) => field)].map(
    ([field, texts]) => [field, [...new Set(texts.map(({ topic }) => topic))]] as const
  )
  const isSplit = ([field]: (typeof fields)[number]): boolean => (SPLIT_FIELDS as readonly string[]).includes(field)
  const training = fields.filter((field) => !isSplit(field)).flatMap(([, topics]) => topics)
  return new Map([
    ...splitKeys(new Map(fields.filter(isSplit)), SHARES, seed),
    ...training.map((topic) => [topic, 'train'] as const)
  ])
}

function topicsOf(news: readonly NewsText[]): Topic[] {
  return [...grouped(news, ({ topic }) => topic).values()].map((texts) =>
    [...grouped(texts, ({ event }) => event).values()].map((event) => new Map(event.map((text) => [text.kind, text])))
  )
}

interface PairsOf {
  readonly task: Task
  readonly split: Split
  readonly seed: string
}

function taskPairs(topics: readonly Topic[], { task, split, seed }: PairsOf, closeness: Round['closeness']) {
  const [criterion, lengths] = task.split('-') as ['A' | 'B', string]
  const meeting = MEETINGS[lengths]!
  const used = new Map<NewsText, Set<NewsText>>()
  const isNew: Round['isNew'] = (source, target) => !used.get(source)?.has(target)
  const pairs: (Match<NewsText> & { readonly label: 0 | 1 })[] = []
  const add = ({ positives, negatives }: RoundPairs): void => {
    for (const { source, target } of negatives) used.set(source, (used.get(source) ?? new Set()).add(target))
    pairs.push(...positives.map((match) => ({ ...match, label: 1 as const })))
    pairs.push(...negatives.map((match) => ({ ...match, label: 0 as const })))
  }
  for (const turn of meeting.turns) {
    const round = { ...meeting, key: `${seed} ${task}`, turn, closeness, isNew }
    for (const block of blocksOf(topics, `${round.key} ${turn}`)) {
      const hard = criterion === 'A' ? topicRound(round, block) : eventRound(round, block)
      add(hard)
      if (criterion === 'A' && split === 'train') add(easyRound(round, block, hard.positives))
    }
  }
  return shuffled(pairs, `${seed} ${task} order`, (pair) => `${pair.source.text}\n${pair.target.text}`).map(
    ({ source, target, label }) => ({
      source: source.text,
      target: target.text,
      label,
      sourceTopic: source.topic,
      targetTopic: target.topic,
      sourceEvent: source.event,
      targetEvent: target.event
    })
  )
}

/**
 * Topics that may make negatives of criterion A with one another: at least sixteen drawn from all fields without sagas, or the sagas of
 * one field, four to a town.
 */
function blocksOf(topics: readonly Topic[], key: string): Topic[][] {
  const isOfSaga = ([event]: Topic): boolean => isSaga(anyText(event!))
  const sagas = grouped(topics.filter(isOfSaga), ([event]) => anyText(event!).field)
  const mixed = shuffled(
    topics.filter((topic) => !isOfSaga(topic)),
    key,
    topicName
  )
  return [...blocks(mixed, BLOCK), ...[...sagas.values()].map((own) => shuffled(own, key, topicName))]
}

/** Criterion A: pairs each event with a later one of its topic; in every tenth topic, with itself. */
function topicRound(round: Round, block: readonly Topic[]): RoundPairs {
  const positives = block.flatMap((topic, place) => {
    const key = `${round.key} ${round.turn} ${topicName(topic)}`
    const events = shuffled(topic, round.key, eventName)
    const shift = place % 10 === 0 ? 0 : 1 + hashed(events.length - 1, `${key} shift`)
    // Texts of one kind may be paired if they are of two events; in tasks of two rounds each round keeps its own kinds.
    const turn = shift === 0 || round.turns.length > 1 ? round.turn : hashed(round.targets.length, `${key} turn`)
    return events.flatMap((event, i) => meet({ ...round, turn }, event, events[(i + shift) % events.length]!))
  })
  return { positives, negatives: crossed(positives, ofOtherTopics(round), round.closeness) }
}

/** For negatives of criterion A: the topics are unrelated, and no earlier round has the pair. */
function ofOtherTopics({ isNew }: Round): Round['isNew'] {
  return (source, target) => !areRelated(source.topic, target.topic) && isNew(source, target)
}

/**
 * Criterion A, in training: pairs some events of each topic with themselves; negatives are not chosen by their words.
 * Hard pairs alone teach that shared words speak against a match, which is wrong for all other texts.
 */
function easyRound(round: Round, block: readonly Topic[], taken: RoundPairs['positives']): RoundPairs {
  const key = `${round.key} ${round.turn} easy`
  const events = shuffled(block, key, topicName).flatMap((topic) =>
    shuffled(topic, key, eventName).slice(0, EASY_EVENTS)
  )
  const positives = events
    .flatMap((event) => meet(round, event, event))
    .filter((pair) => !taken.some(({ source, target }) => source === pair.source && target === pair.target))
  return { positives, negatives: crossed(positives, ofOtherTopics(round), () => 0) }
}

/** Criterion B: pairs each event with itself; negatives are the other events of its topic, close by words. */
function eventRound(round: Round, block: readonly Topic[]): RoundPairs {
  const within = block.map((topic) => topic.flatMap((event) => meet(round, event, event)))
  const areApart: Round['isNew'] = (source, target) => source.event !== target.event && round.isNew(source, target)
  return {
    positives: within.flat(),
    negatives: within.flatMap((matches) => crossed(matches, areApart, round.closeness))
  }
}

/** Pairs every source of an event with the target of another whose kind is `turn` steps later. */
function meet({ sources, targets, turn }: Round, one: Event, other: Event): Match<NewsText>[] {
  return sources.map((kind, i) => ({
    source: one.get(kind)!,
    target: other.get(targets[(i + turn) % targets.length]!)!
  }))
}

function eventName(event: Event): string {
  return anyText(event).event
}

function topicName([event]: Topic): string {
  return anyText(event!).topic
}

/** All texts of an event agree on event, topic and field. */
function anyText(event: Event): NewsText {
  return event.values().next().value!
}
