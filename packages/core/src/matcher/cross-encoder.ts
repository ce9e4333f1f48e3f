import type { Engine } from '../engine/engine'
import type { Manifest } from '../formats/manifest'
import type { CheckedOptions } from './check-input'
import { emptyJudgments, type Judge } from './judge'
import { createScheduler } from './scheduler'
import { combineColumns, combineLogits, type PairLogits } from './score'

export function createCrossEncoder(
  engine: Engine,
  { tasks }: Manifest,
  options: CheckedOptions,
  concurrency: number
): Judge {
  const { truncation } = options.policy
  const scheduler = createScheduler<readonly number[]>(engine, options, concurrency, (windows, { taskId }) => {
    const { kind, columns = [0, 2] } = tasks[taskId]!
    const rows = windows.map((row) => [...row.subarray(...columns)])
    return kind ? combineColumns(rows, truncation) : combineLogits(rows as unknown as PairLogits[], truncation)
  })
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
    classify: async (pair, run) => (await scheduler.submit([pair], run))[0]!,
    rank: ({ text, taskId }, candidates, run) =>
      judge(
        candidates.map((b) => ({ a: text, b, taskId })),
        run
      ),
    dispose: scheduler.dispose
  }
}
