import { pickBatch, type TaskSequence } from '../engine/batch'
import type { BatchLimits } from '../engine/engine'
import type { Call } from './call'
import type { Taken } from './queue'

export interface Sequence extends TaskSequence, Taken {}

/** Encoded sequences waiting for a batch, sorted by length. */
export interface ReadyList {
  readonly size: number
  /** Registers a call on arrival: calls that have waited longer come first. */
  arrive(call: Call): void
  put(more: readonly Sequence[]): void
  dropSettled(): void
  /**
   * Removes a batch: a sequence of the least recently served call, with neighbors in length. The list must not be
   * empty.
   */
  take(): Sequence[]
}

export function createReadyList(limits: BatchLimits): ReadyList {
  let sequences: Sequence[] = []
  let clock = 0
  return {
    get size() {
      return sequences.length
    },
    arrive(call) {
      call.served = ++clock
    },
    put(more) {
      for (const sequence of more) sequences.push(sequence)
      sequences.sort((one, other) => one.tokenIds.length - other.tokenIds.length)
    },
    dropSettled() {
      if (sequences.some(({ call }) => call.settled)) sequences = sequences.filter(({ call }) => !call.settled)
    },
    take() {
      let anchor = 0
      sequences.forEach(({ call }, i) => {
        if (call.served < sequences[anchor]!.call.served) anchor = i
      })
      sequences[anchor]!.call.served = ++clock
      const lengths = sequences.map(({ tokenIds }) => tokenIds.length)
      const [from, to] = pickBatch(lengths, anchor, limits)
      return sequences.splice(from, to - from)
    }
  }
}
