import type { TaskPair } from '../engine/engine'
import { MatcherError } from '../errors'
import type { RunManyOptions } from './types'

/** What the network gave for one pair: logits of each sequence that it became, the tokens in them, and whether any were left out. */
export interface Outcome {
  readonly logits: readonly (readonly [number, number])[]
  readonly tokenCount: number
  readonly truncated: boolean
}

/** Options of a call as the scheduler needs them. */
export type CallOptions = RunManyOptions

/** A call under way, as the scheduler sees it. */
export interface Call {
  readonly pairs: readonly TaskPair[]
  /** Index of the first pair that was not sent to the tokenizer. */
  unread: number
  /** When a batch was last built for this call, or when it came. */
  served: number
  readonly settled: boolean
  /** Pairs without an outcome. */
  readonly remaining: number
  /** Announces one sequence of a pair; all of a pair's are announced before the first is received. */
  expect(index: number, tokenCount: number, truncated: boolean): void
  /** Takes the logits of one sequence of a pair. Sequences of one pair may come in any order. */
  receive(index: number, logits: readonly [number, number]): void
  /** Tells the caller how far it is. */
  report(): void
  reject(error: unknown): void
}

interface Progress {
  logits: (readonly [number, number])[]
  tokenCount: number
  truncated: boolean
  missing: number
}

/** setTimeout's own limit; a longer deadline is none. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Starts a call: resolves with its outcomes in input order once all are there; rejects on the first error, on the signal's abort (with its
 * reason) or when its deadline passes. `enter` takes it up and returns what is to be done when it is settled.
 */
export function startCall(
  pairs: readonly TaskPair[],
  { signal, deadlineMs, onProgress }: CallOptions,
  now: number,
  enter: (call: Call) => () => void
): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    if (pairs.length === 0) return resolve([])
    const progress = pairs.map((): Progress => ({ logits: [], tokenCount: 0, truncated: false, missing: 0 }))
    let settled = false
    let remaining = pairs.length
    let timer: ReturnType<typeof setTimeout> | undefined
    const settle = (finish: () => void): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      leave()
      finish()
    }
    const onAbort = (): void => settle(() => reject(signal?.reason))
    const call: Call = {
      pairs,
      unread: 0,
      served: now,
      get settled() {
        return settled
      },
      get remaining() {
        return settled ? 0 : remaining
      },
      expect(index, tokenCount, truncated) {
        const pair = progress[index]!
        pair.missing++
        pair.tokenCount += tokenCount
        pair.truncated ||= truncated
      },
      receive(index, logits) {
        const pair = progress[index]!
        if (!logits.every(Number.isFinite)) return call.reject(notFinite(logits))
        pair.logits.push(logits)
        if (--pair.missing === 0) remaining--
      },
      report() {
        if (settled) return
        onProgress?.({ done: pairs.length - remaining, total: pairs.length })
        if (remaining === 0) settle(() => resolve(progress))
      },
      reject: (error) => settle(() => reject(error))
    }
    const leave = enter(call)
    signal?.addEventListener('abort', onAbort)
    if (deadlineMs !== undefined && deadlineMs <= LONGEST_TIMER)
      timer = setTimeout(() => call.reject(tooLate(deadlineMs)), deadlineMs)
  })
}

function tooLate(deadlineMs: number): MatcherError {
  return new MatcherError(
    'deadline-exceeded',
    `The call was not answered within ${deadlineMs} ms; send less at once, or allow more time.`
  )
}

function notFinite(logits: readonly number[]): MatcherError {
  return new MatcherError(
    'inference-failed',
    `The network gave the logits ${logits.join(', ')}; the model file is damaged or this device computes it wrongly: try another dtype or device.`
  )
}
