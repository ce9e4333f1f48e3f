import { crossed, type Match } from './crossing'
import { familyOf } from './families'
import { CORPUS_SEED } from './news-pairs'
import { grouped, shuffled } from './order'
import { overlapMeter } from './overlap'
import { splitKeys, SPLITS, type Split } from './split'
import type { Question } from './texts'

/** `label` is 1 if one answer serves both questions. */
export interface QuestionPair {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly label: 0 | 1
  readonly sourceIntent: string
  readonly targetIntent: string
}

/** Number of families of groups of each of the four domains for valid and test. */
const SHARES = { valid: 4, test: 8 }

/** Which phrasings of an intent are paired, and the source of that round's negatives. */
const ROUNDS = [
  { from: 0, to: 1, negatives: 'group' },
  { from: 1, to: 2, negatives: 'group' },
  { from: 2, to: 0, negatives: 'domain' }
] as const

/**
 * Pairs of questions, split by families of groups; deterministic in questions and seed. Positives are two phrasings of
 * an intent. Two thirds of the negatives are two intents of a group, the others intents of two families of a domain;
 * both close by words.
 */
export function questionPairs(
  questions: readonly Question[],
  seed: string = CORPUS_SEED
): Record<Split, QuestionPair[]> {
  const families = new Map(
    [...grouped(questions, ({ domain }) => domain)].map(([domain, own]) => [
      domain,
      [...new Set(own.map(({ group }) => familyOf(group)))]
    ])
  )
  const splitOf = splitKeys(families, SHARES, seed)
  const pairsOf = (split: Split) => {
    const matches = questionMatches(questions.filter(({ group }) => splitOf.get(familyOf(group)) === split))
    return shuffled(matches, `${seed} order`, ({ source, target }) => `${source.text}\n${target.text}`)
  }
  return Object.fromEntries(
    SPLITS.map((split) => [split, pairsOf(split).map((match, i) => labelled(match, `question-${split}-${i + 1}`))])
  ) as Record<Split, QuestionPair[]>
}

/** Every question occurs equally often as source and target, in positives and negatives. */
function questionMatches(questions: readonly Question[]): Match<Question>[] {
  const overlap = overlapMeter()
  const closeness = (source: Question, target: Question) => overlap(source.text, target.text)
  return ROUNDS.flatMap(({ from, to, negatives }) =>
    [...grouped(questions, (question) => question[negatives]).values()].flatMap((among) => {
      const intents = [...grouped(among, ({ intent }) => intent).values()]
      const positives = intents.map((intent) => ({ source: intent[from]!, target: intent[to]! }))
      const areApart = (source: Question, target: Question) =>
        negatives === 'group' ? source.intent !== target.intent : familyOf(source.group) !== familyOf(target.group)
      return [...positives, ...crossed(positives, areApart, closeness)]
    })
  )
}

function labelled({ source, target }: Match<Question>, id: string): QuestionPair {
  return {
    id,
    source: source.text,
    target: target.text,
    label: source.intent === target.intent ? 1 : 0,
    sourceIntent: source.intent,
    targetIntent: target.intent
  }
}
