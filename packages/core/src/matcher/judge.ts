import type { CheckedPair, CheckedRun } from './check-input'
import type { PairLogits } from './score'
import type { TaskText } from './vector-cache'

/** What a model says of one pair, before thresholds. */
export interface Judgment {
  readonly logits: PairLogits
  readonly tokenCount: number
  readonly truncated: boolean
}

/** How one kind of model answers the calls of a matcher. */
export interface Judge {
  /** Judgments in input order. Rejects as `Scheduler.submit` does. */
  judge(pairs: readonly CheckedPair[], run: CheckedRun): Promise<Judgment[]>
  /** Vectors [texts, hidden] of length 1; absent where the model has none. */
  readonly embed?: (texts: readonly TaskText[], run: CheckedRun) => Promise<Float32Array>
  /** Texts whose vectors are remembered. */
  readonly cached: number
  dispose(): Promise<void>
}
