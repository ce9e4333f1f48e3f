import type { Engine } from '../engine/engine'
import type { CheckedOptions } from './check-input'
import type { Judge } from './judge'
import { createScheduler } from './scheduler'
import { combineLogits, type PairLogits } from './score'

/** Judges pairs by a network that reads both texts at once. */
export function createCrossEncoder(engine: Engine, options: CheckedOptions, concurrency: number): Judge {
  const { truncation } = options.policy
  const scheduler = createScheduler<PairLogits>(engine, options, concurrency, (windows) =>
    combineLogits(
      windows.map((row) => [row[0]!, row[1]!]),
      truncation
    )
  )
  return {
    async judge(pairs, run) {
      const outcomes = await scheduler.submit(pairs, run)
      return outcomes.map(({ output, tokenCount, truncated }) => ({ logits: output, tokenCount, truncated }))
    },
    cached: 0,
    dispose: scheduler.dispose
  }
}
