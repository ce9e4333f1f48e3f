import type { TaskPair } from '../engine/engine'
import type { Outcome } from './call'
import type { CheckedRun } from './check-input'
import type { TaskText } from './vector-cache'

/** Judgments of pairs, in their order, before thresholds; columns, as `rank` has thousands of pairs. */
export interface Judgments {
  /** [pairs, 2], columns [no match, match]. */
  readonly logits: Float64Array
  /** [pairs] */
  readonly tokenCounts: Uint32Array
  /** [pairs], 1 if tokens were dropped. */
  readonly truncated: Uint8Array
}

/** All zero. */
export function emptyJudgments(count: number): Judgments {
  return { logits: new Float64Array(2 * count), tokenCounts: new Uint32Array(count), truncated: new Uint8Array(count) }
}

/** Answers the calls of a matcher for one kind of model. */
export interface Judge {
  /** Judgments in input order. Rejects as `Scheduler.submit` does. */
  judge(pairs: readonly TaskPair[], run: CheckedRun): Promise<Judgments>
  /** Judgments of a query with each candidate, as `judge` would return for these pairs. */
  rank(query: TaskText, candidates: readonly string[], run: CheckedRun): Promise<Judgments>
  /** Absent if the model has no vectors. */
  readonly vectors?: VectorJudge
  /** The logits of a task with labels or a score; absent where the model has no such task. */
  readonly classify?: (pair: TaskPair, run: CheckedRun) => Promise<Outcome<readonly number[]>>
  dispose(): Promise<void>
}

export interface VectorJudge {
  /** Number of cached texts. */
  readonly cached: number
  /** Vectors [texts, hidden] of length 1. */
  embed(texts: readonly TaskText[], run: CheckedRun): Promise<Float32Array>
  /** Judgments of a query with stored vectors [texts, hidden]. `check` throws if another graph read the query. */
  rankStored(query: TaskText, rows: Float32Array, run: CheckedRun, check: () => void): Promise<Judgments>
}
