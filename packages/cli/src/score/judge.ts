import {
  MatcherError,
  type AnyClassification,
  type Matcher,
  type MatchResult,
  type RunOptions
} from '@sohu-match/sdk-node'

/** A pair, or one text if `b` is absent, and its task. */
export interface TaskTexts {
  readonly a: string
  readonly b?: string | undefined
  readonly task: string
}

export type Answer = MatchResult<string> | AnyClassification

/** Throws as `match` and `classify`. */
export type Judge = (texts: TaskTexts) => Promise<Answer>

export type Answerer = Pick<Matcher<string>, 'match' | 'classify' | 'info'>

/** For tasks of any kind. Throws as `match` and `classify`. */
export async function answerOf(matcher: Answerer, { a, b, task }: TaskTexts, run?: RunOptions): Promise<Answer> {
  if (matcher.info.tasks.find(({ name }) => name === task)?.kind) return matcher.classify(a, b, task, run)
  if (b === undefined) throw new MatcherError('input-invalid', `"b" is missing: the task ${task} compares two texts.`)
  return matcher.match(a, b, task, run)
}

/**
 * Judges each pair in its own call, so that a failure affects no other pair. A pair that does not fit into the queue,
 * since its windows count too, waits until others are answered.
 */
export function createJudge(matcher: Answerer, signal: AbortSignal): Judge {
  let underWay = 0
  let waiting: (() => void)[] = []
  const retryWaiting = (): void => {
    for (const retry of waiting) retry()
    waiting = []
  }
  return async (texts) => {
    for (;;) {
      const wasAlone = underWay++ === 0
      try {
        const result = await answerOf(matcher, texts, { signal })
        underWay--
        retryWaiting()
        return result
      } catch (error) {
        underWay--
        if (wasAlone || !isQueueFull(error)) {
          retryWaiting()
          throw error
        }
      }
      if (underWay > 0) await new Promise<void>((retry) => waiting.push(retry))
    }
  }
}

function isQueueFull(error: unknown): boolean {
  return error instanceof MatcherError && error.code === 'queue-full'
}
