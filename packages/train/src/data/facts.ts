import { kindOf, type Example, type TaskSpec } from '@sohu-match/core'
import { comparable, type Dataset, type SplitName } from '@sohu-match/node'

/** Lengths of texts in characters: the median, the 95th percentile, and the longest. */
export interface Lengths {
  readonly median: number
  readonly most: number
  readonly longest: number
}

export interface PartFacts {
  readonly task: string
  readonly split: SplitName
  readonly pairs: number
  readonly unlabelled: number
  readonly matches: number
  /** Of a task other than a match task. */
  readonly kind?: NonNullable<TaskSpec['kind']>
  /** Pairs with each label of such a task. */
  readonly labels?: Readonly<Record<string, number>>
  readonly a: Lengths
  readonly b: Lengths
}

/** Counts of doubtful cases in labeled pairs. */
export interface DataFacts {
  readonly parts: readonly PartFacts[]
  /** Pairs that repeat another of the same task, ignoring punctuation, case and, in match tasks, order. */
  readonly duplicates: number
  /** Pairs that occur with different labels, with one example each. */
  readonly contradictions: readonly Pick<Example, 'a' | 'b'>[]
  /** Texts of train that are also in valid or test. */
  readonly shared: Readonly<Record<'valid' | 'test', number>>
  readonly emptyTexts: number
}

const SPLITS: readonly SplitName[] = ['train', 'valid', 'test']

/** Statistics of a data set that need no model. */
export function dataFacts({ tasks, splits }: Pick<Dataset, 'tasks' | 'splits'>): DataFacts {
  const all = SPLITS.flatMap((split) => splits[split])
  const { duplicates, contradictions } = repeatedPairs(all, tasks)
  const textsOf = (split: SplitName): Set<string> =>
    new Set(splits[split].flatMap(({ a, b }) => (b === undefined ? [a] : [a, b]).map(comparable)))
  const train = textsOf('train')
  const sharedWith = (split: SplitName): number => [...textsOf(split)].filter((text) => train.has(text)).length
  return {
    parts: tasks.flatMap((task) => SPLITS.flatMap((split) => partFacts(task, split, splits[split]))),
    duplicates,
    contradictions,
    shared: { valid: sharedWith('valid'), test: sharedWith('test') },
    emptyTexts: all.flatMap(({ a, b }) => [a, b]).filter((text) => text?.trim() === '').length
  }
}

/** Quantile of the length in characters. */
export function lengthWithin(texts: readonly string[], share: number): number {
  const sorted = texts.map(characters).sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
}

/** About the number of tokens under a vocabulary of characters. */
export function characters(text: string): number {
  return [...text].length
}

function partFacts(task: TaskSpec, split: SplitName, examples: readonly Example[]): PartFacts[] {
  const of = examples.filter((example) => example.task === task.id)
  if (of.length === 0) return []
  const lengths = (texts: readonly string[]): Lengths => ({
    median: lengthWithin(texts, 0.5),
    most: lengthWithin(texts, 0.95),
    longest: lengthWithin(texts, 1)
  })
  return [
    {
      task: task.name,
      split,
      pairs: of.length,
      unlabelled: of.filter(({ label, target }) => (label ?? target) === undefined).length,
      matches: of.filter(({ label }) => label === 1).length,
      ...(task.kind && { kind: task.kind }),
      ...(task.labels && { labels: labelCounts(task.labels, of) }),
      a: lengths(of.map(({ a }) => a)),
      b: lengths(of.map(({ b = '' }) => b))
    }
  ]
}

function labelCounts(labels: readonly string[], examples: readonly Example[]): Record<string, number> {
  return Object.fromEntries(
    labels.map((name, label) => [name, examples.filter(({ target }) => target?.includes(label)).length])
  )
}

function repeatedPairs(
  examples: readonly Example[],
  tasks: readonly TaskSpec[]
): Pick<DataFacts, 'duplicates' | 'contradictions'> {
  const first = new Map<string, { readonly example: Example; readonly labels: Set<string> }>()
  let duplicates = 0
  for (const example of examples) {
    const texts = [comparable(example.a), comparable(example.b ?? '')]
    const kind = kindOf(tasks[example.task]!)
    const key = JSON.stringify([example.task, ...(kind === 'match' ? texts.sort() : texts)])
    const seen = first.get(key) ?? { example, labels: new Set<string>() }
    if (first.has(key)) duplicates++
    else first.set(key, seen)
    const label = example.label ?? example.target
    if (label !== undefined && kind !== 'score') seen.labels.add(String(label)) // two scores of a pair may both be right
  }
  const contradictions = [...first.values()].filter(({ labels }) => labels.size > 1).map(({ example }) => example)
  return { duplicates, contradictions }
}
