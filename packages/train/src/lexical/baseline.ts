import { chooseThreshold, MatcherError, type Example, type ScoredRow } from '@sohu-match/core'
import { lexicalFeatures, termStatistics, textTerms, type TermStatistics } from './features'
import { fitLogistic, logisticScore, type LogisticModel } from './logistic'

/** One logistic regression per task over overlap features of the two texts, without a network. */
export interface LexicalBaseline {
  /** Thresholds chosen on valid, by task id. */
  readonly thresholds: ReadonlyMap<number, number>
  /** Scores of the labeled pairs of tasks that were in train, task by task. */
  rows<E extends Example>(examples: readonly E[]): (E & ScoredRow)[]
}

interface TaskModel {
  readonly statistics: TermStatistics
  readonly model: LogisticModel
}

/** Fits each task on train and its threshold on valid. `words` segments a text (jieba). Throws `data-invalid`. */
export function fitLexicalBaseline(
  train: readonly Example[],
  valid: readonly Example[],
  words: (text: string) => readonly string[]
): LexicalBaseline {
  const content = (text: string) => words(text).filter((word) => /[\p{L}\p{N}]/u.test(word))
  const termsOf = ({ a, b }: Example) => [textTerms(a, content), textTerms(b!, content)] as const // a match task's
  const models = new Map<number, TaskModel>()
  for (const [task, examples] of byTask(train)) {
    const terms = examples.map(termsOf)
    const statistics = termStatistics(terms.flat())
    models.set(task, {
      statistics,
      model: fitLogistic(
        terms.map(([a, b]) => lexicalFeatures(a, b, statistics)),
        examples.map((example) => example.label)
      )
    })
  }
  if (models.size === 0)
    throw new MatcherError('data-invalid', 'No training pair has a label; the lexical baseline cannot be fitted.')
  const scored = <E extends Example>(examples: readonly E[]) =>
    [...byTask(examples)].flatMap(([task, of]) => {
      const fitted = models.get(task)
      return fitted
        ? of.map((example) => ({
            ...example,
            score: logisticScore(fitted.model, lexicalFeatures(...termsOf(example), fitted.statistics))
          }))
        : []
    })
  const validRows = scored(valid)
  const thresholds = new Map(
    [...models.keys()].map((task) => [task, chooseThreshold(validRows.filter((row) => row.task === task))])
  )
  return {
    thresholds,
    rows: (examples) =>
      scored(examples).map((row) => ({ ...row, predicted: row.score > thresholds.get(row.task)! ? 1 : 0 }))
  }
}

type Labelled<E extends Example> = E & { readonly label: 0 | 1 }

function byTask<E extends Example>(examples: readonly E[]): Map<number, Labelled<E>[]> {
  const groups = new Map<number, Labelled<E>[]>()
  for (const example of examples) {
    if (example.label === undefined) continue
    const group = groups.get(example.task) ?? []
    group.push(example as Labelled<E>)
    groups.set(example.task, group)
  }
  return groups
}
