import type { Engine } from '../engine/engine'
import type { CheckedOptions } from './check-input'
import { emptyJudgments, type Judge } from './judge'
import { createScheduler } from './scheduler'
import { combineLogits, type PairLogits } from './score'

export function createCrossEncoder(engine: Engine, options: CheckedOptions, concurrency: number): Judge {
  const { truncation } = options.policy
  const scheduler = createScheduler<PairLogits>(engine, options, concurrency, (windows) =>
    combineLogits(
      windows.map((row) => [row[0]!, row[1]!]),
      truncation
    )
  )
  const judge: Judge['judge'] = async (pairs, run) => {
    const outcomes = await scheduler.submit(pairs, run)
    const judgments = emptyJudgments(pairs.length)
    outcomes.forEach(({ output, tokenCount, truncated }, i) => {
      judgments.logits.set(output, 2 * i)
      judgments.tokenCounts[i] = tokenCount
      judgments.truncated[i] = Number(truncated)
    })
    return judgments
  }
  return {
    judge,
    rank: ({ text, taskId }, candidates, run) =>
      judge(
        candidates.map((b) => ({ a: text, b, taskId })),
        run
      ),
    dispose: scheduler.dispose
  }
}
