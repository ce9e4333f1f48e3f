import type { CheckedPair, CheckedRun } from './check-input'
import type { TaskText } from './vector-cache'

/** A model's judgments of pairs, in their order, before thresholds; columns, as `rank` has thousands of pairs. */
export interface Judgments {
  /** [pairs, 2], columns [no match, match]. */
  readonly logits: Float64Array
  /** [pairs] */
  readonly tokenCounts: Uint32Array
  /** [pairs], 1 where tokens were left out. */
  readonly truncated: Uint8Array
}

/** Creates the judgments of `count` pairs, all zero. */
export function emptyJudgments(count: number): Judgments {
  return { logits: new Float64Array(2 * count), tokenCounts: new Uint32Array(count), truncated: new Uint8Array(count) }
}

/** How one kind of model answers the calls of a matcher. */
export interface Judge {
  /** Judgments in input order. Rejects as `Scheduler.submit` does. */
  judge(pairs: readonly CheckedPair[], run: CheckedRun): Promise<Judgments>
  /** Judgments of a query with each candidate: those of `judge` for the same pairs. */
  rank(query: TaskText, candidates: readonly string[], run: CheckedRun): Promise<Judgments>
  /** Absent where the model has no vectors. */
  readonly vectors?: VectorJudge
  dispose(): Promise<void>
}

/** What a bi-encoder does beyond judging pairs. */
export interface VectorJudge {
  /** Texts whose vectors are remembered. */
  readonly cached: number
  /** Vectors [texts, hidden] of length 1. */
  embed(texts: readonly TaskText[], run: CheckedRun): Promise<Float32Array>
  /** Judgments of a query with the texts whose vectors are the rows [texts, hidden]. `check` throws where the graph that read the query is not theirs. */
  rankStored(query: TaskText, rows: Float32Array, run: CheckedRun, check: () => void): Promise<Judgments>
}
