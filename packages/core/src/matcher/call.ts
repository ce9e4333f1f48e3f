import type { TaskPair } from '../engine/engine'
import { MatcherError } from '../errors'
import type { CheckedRun } from './check-input'
import type { Signals } from './signals'

/** Output of the network for a pair or text, the tokens read over all windows, and whether any were dropped. */
export interface Outcome<R> {
  readonly output: R
  readonly tokenCount: number
  readonly truncated: boolean
}

export interface CallRules<R> {
  /** Expected number of sequences of a pair, at least 1. */
  costOf(pair: TaskPair): number
  /** Combines the outputs of a pair's windows: rows in any order, which must not be kept. */
  combine(windows: readonly Float32Array[], pair: TaskPair): R
  readonly signals: Signals
}

/** A running call, as the scheduler sees it. */
export interface Call {
  readonly pairs: readonly TaskPair[]
  /** Index of the first pair that was not sent to the tokenizer. */
  unread: number
  /** When a batch was last built for this call, or when it arrived. */
  served: number
  readonly settled: boolean
  /** Expected sequences of the pairs without an outcome. */
  readonly remaining: number
  /** Announces a sequence of a pair; all sequences of a pair are announced before the first is received. */
  expect(index: number, tokenCount: number, truncated: boolean): void
  /** Accepts the output of a sequence. Sequences of a pair may arrive in any order. */
  receive(index: number, row: Float32Array): void
  /** Reports progress to the caller, and resolves the call once every pair has an outcome. */
  report(): void
  reject(error: unknown): void
}

export interface QueueEntry {
  /** Must be called when a pair is answered, with its cost. */
  answered(cost: number): void
  /** Must be called once the call is settled. */
  leave(): void
}

interface Progress {
  windows: Float32Array[]
  tokenCount: number
  truncated: boolean
  missing: number
}

/** setTimeout's limit; a longer deadline never passes. */
export const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Resolves with outcomes in input order; rejects on the first error, on the signal's abort (with its reason), when its
 * deadline passes, or with an error of `onProgress`. `enter` queues the call.
 */
export function startCall<R>(
  pairs: readonly TaskPair[],
  { signal, deadlineMs = Infinity, onProgress }: CheckedRun,
  rules: CallRules<R>,
  enter: (call: Call) => QueueEntry
): Promise<Outcome<R>[]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    if (pairs.length === 0) return resolve([])
    let settled = false
    const collected = collectOutcomes(pairs, rules)
    let timer: ReturnType<typeof setTimeout> | undefined
    let entry: QueueEntry | undefined = undefined as QueueEntry | undefined
    let stopListening: (() => void) | undefined = undefined as (() => void) | undefined
    const settle = (finish: () => void): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      entry?.leave()
      try {
        stopListening?.()
        finish()
      } catch (error) {
        reject(error) // a broken signal affects only its own call
      }
    }
    const call: Call = {
      pairs,
      unread: 0,
      served: 0,
      get settled() {
        return settled
      },
      get remaining() {
        return settled ? 0 : collected.remaining
      },
      expect: collected.expect,
      receive(index, row) {
        if (settled) return
        if (!row.every(Number.isFinite)) return call.reject(notFinite(row))
        const cost = collected.receive(index, row)
        if (cost !== undefined) entry?.answered(cost)
      },
      report() {
        if (settled) return
        try {
          onProgress?.({ done: collected.done, total: pairs.length })
        } catch (error) {
          return call.reject(error)
        }
        if (collected.done === pairs.length) settle(() => resolve(collected.outcomes))
      },
      reject: (error) => settle(() => reject(error))
    }
    stopListening = signal && rules.signals.listen(signal, () => settle(() => reject(signal.reason)))
    if (settled) return stopListening?.() // a signal may call its listeners immediately
    entry = enter(call)
    if (deadlineMs <= LONGEST_TIMER) timer = setTimeout(() => call.reject(tooLate(deadlineMs)), deadlineMs)
  })
}

/** Collects the sequences of a call's pairs. `receive` returns the cost of a pair that is complete. */
function collectOutcomes<R>(pairs: readonly TaskPair[], { costOf, combine }: Omit<CallRules<R>, 'signals'>) {
  const progress = pairs.map((): Progress => ({ windows: [], tokenCount: 0, truncated: false, missing: 0 }))
  const collected = {
    outcomes: new Array<Outcome<R>>(pairs.length),
    done: 0,
    remaining: pairs.reduce((sum, pair) => sum + costOf(pair), 0),
    expect(index: number, tokenCount: number, truncated: boolean): void {
      const pair = progress[index]!
      pair.missing++
      pair.tokenCount += tokenCount
      pair.truncated ||= truncated
    },
    receive(index: number, row: Float32Array): number | undefined {
      const { windows, tokenCount, truncated } = progress[index]!
      windows.push(row)
      if (--progress[index]!.missing > 0) return undefined
      collected.outcomes[index] = { output: combine(windows, pairs[index]!), tokenCount, truncated }
      windows.length = 0
      collected.done++
      const cost = costOf(pairs[index]!)
      collected.remaining -= cost
      return cost
    }
  }
  return collected
}

export function tooLate(deadlineMs: number): MatcherError {
  return new MatcherError(
    'deadline-exceeded',
    `The call was not answered within ${deadlineMs} ms; send less at once, or allow more time.`
  )
}

function notFinite(row: Float32Array): MatcherError {
  return new MatcherError(
    'inference-failed',
    `The network returned ${row.slice(0, 4).join(', ')}${row.length > 4 ? ', ...' : ''}; the model file is damaged or this device computes it wrongly: ` +
      'try another dtype or device.'
  )
}
