import { MatcherError } from '@sohu-match/core'
import type { BatchCounts } from '../data/batch'
import type { Tensor } from '../tfjs'
import { stopwatch } from './stopwatch'

/** Steps between reports. */
export const REPORT_STEPS = 10

export interface StepReport {
  readonly step: number
  readonly steps: number
  readonly epoch: number
  readonly epochs: number
  /** Mean loss since the last report, auxiliary terms included. */
  readonly loss: number
  readonly learningRate: number
  readonly pairs: number
  /** Tokens without padding, and the share of positions that were padding. */
  readonly tokens: number
  readonly paddingShare: number
  readonly seconds: number
  /** Of all threads of the process. NaN in the records of older runs. */
  readonly processorSeconds: number
}

const NO_COUNTS = { pairs: 0, tokens: 0, positions: 0, weight: 0 }

/**
 * Collects losses on the device until a report, since reading waits for the device. `what` names the training in
 * errors.
 */
export function lossMeter(steps: number, epochs: number, what: 'the training' | 'pretraining') {
  let pending: { loss: Tensor; factor: number }[] = []
  let counts = NO_COUNTS
  const elapsed = stopwatch()
  return {
    /** Adds a step whose loss times `factor` is a sum over `weight` pairs or steps. Takes ownership of `loss`. */
    add(loss: Tensor, batches: readonly BatchCounts[], weight: number, factor = weight): void {
      pending.push({ loss, factor })
      for (const { pairs, tokenCount, positions } of batches)
        counts = {
          ...counts,
          pairs: counts.pairs + pairs,
          tokens: counts.tokens + tokenCount,
          positions: counts.positions + positions
        }
      counts = { ...counts, weight: counts.weight + weight }
    },
    /** Throws `config-invalid` if the loss is no longer a number. */
    report(step: number, epoch: number, learningRate: number): StepReport {
      const total = pending.reduce((sum, { loss, factor }) => sum + loss.dataSync()[0]! * factor, 0)
      pending.forEach(({ loss }) => loss.dispose())
      if (!Number.isFinite(total)) {
        throw new MatcherError(
          'config-invalid',
          `The loss is no longer a number at step ${step}: ${what} diverged; lower learning_rate or set clip_norm.`
        )
      }
      const { pairs, tokens, positions, weight } = counts
      pending = []
      counts = NO_COUNTS
      return {
        step,
        steps,
        epoch,
        epochs,
        learningRate,
        loss: total / weight,
        pairs,
        tokens,
        paddingShare: 1 - tokens / positions,
        ...elapsed()
      }
    }
  }
}
