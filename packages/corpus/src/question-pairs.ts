import { crossed } from './crossing'
import { CORPUS_SEED } from './news-pairs'
import { blocks, grouped, shuffled } from './order'
import { overlapMeter } from './overlap'
import { splitKeys, SPLITS, type Split } from './split'
import type { Question } from './texts'

/** A labelled pair of questions: 1 where one answer serves both. */
export interface QuestionPair {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly label: 0 | 1
  readonly sourceIntent: string
  readonly targetIntent: string
}

/** Groups of each of the four domains (of 50) that are kept for choosing and for testing. */
const SHARES = { valid: 6, test: 10 }

/** Groups among which the closest negatives of other groups are looked for. */
const BLOCK = 12

/** Which phrasings of an intent meet. */
const ROUNDS = [
  [0, 1],
  [1, 2],
  [2, 0]
] as const

/**
 * Pairs of questions, split by group; the same for the same questions and seed. Positives are two phrasings of an intent. Of the
 * negatives two thirds ask for near intents of the group, the others for intents of other groups; both close by words.
 */
export function questionPairs(
  questions: readonly Question[],
  seed: string = CORPUS_SEED
): Record<Split, QuestionPair[]> {
  const groups = grouped(questions, ({ group }) => group)
  const strata = new Map(
    [...grouped(questions, ({ domain }) => domain)].map(([domain, own]) => [
      domain,
      [...new Set(own.map((q) => q.group))]
    ])
  )
  const splitOf = splitKeys(strata, SHARES, seed)
  const overlap = overlapMeter()
  const closeness = (source: Question, target: Question) => overlap(source.text, target.text)
  const pairsOf = (split: Split) => {
    const names = [...groups.keys()].filter((name) => splitOf.get(name) === split)
    return ROUNDS.flatMap(([from, to], round) => {
      const isNear = round < 2
      return blocks(
        shuffled(names, `${seed} questions ${round}`, (name) => name),
        isNear ? 1 : BLOCK
      ).flatMap((block) => {
        const intents = block.flatMap((name) => [...grouped(groups.get(name)!, ({ intent }) => intent).values()])
        const positives = intents.map((intent) => ({ source: intent[from]!, target: intent[to]! }))
        const key = isNear ? ('intent' as const) : ('group' as const)
        const negatives = crossed(positives, (source, target) => source[key] !== target[key], closeness)
        return [...positives, ...negatives]
      })
    })
  }
  return Object.fromEntries(
    SPLITS.map((split) => [
      split,
      shuffled(pairsOf(split), `${seed} order`, ({ source, target }) => `${source.text}\n${target.text}`).map(
        ({ source, target }, i) => ({
          id: `question-${split}-${i + 1}`,
          source: source.text,
          target: target.text,
          label: source.intent === target.intent ? 1 : 0,
          sourceIntent: source.intent,
          targetIntent: target.intent
        })
      )
    ])
  ) as Record<Split, QuestionPair[]>
}
