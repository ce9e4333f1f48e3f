import { padBatch } from '../engine/batch'
import { windowEstimate } from '../engine/encode'
import type { EncodedPair, Engine, TaskPair } from '../engine/engine'
import { MatcherError } from '../errors'
import { startCall, type Call, type CallRules, type Outcome } from './call'
import type { CheckedOptions, CheckedRun } from './check-input'
import { createQueue, type Taken } from './queue'
import { createReadyList, type Sequence } from './ready'
import { createSignals } from './signals'

/** Combines pairs of overlapping calls into batches of similar length. */
export interface Scheduler<R> {
  /** Rejects with `queue-full`, `deadline-exceeded`, `disposed`, the signal's reason, or the engine's error. */
  submit(pairs: readonly TaskPair[], run: CheckedRun): Promise<Outcome<R>[]>
  /** Rejects all calls; resolves when current work has ended, or after a few seconds. */
  dispose(): Promise<void>
}

/** Maximum encoded sequences to sort by length; more would only occupy memory. */
const READY = 512

/** Milliseconds that `dispose` waits for current work. */
const DISPOSE_LIMIT = 5_000

/** A request to the engine, and the calls that it serves. */
interface Work {
  readonly calls: ReadonlySet<Call>
  readonly abandon: AbortController
  done: Promise<void>
}

/** `concurrency` is the number of batches that the engine runs at once; for `combine` see `CallRules`. */
export function createScheduler<R>(
  engine: Engine,
  options: CheckedOptions,
  concurrency: number,
  combine: CallRules<R>['combine']
): Scheduler<R> {
  const { policy, batch: limits, maxQueue } = options
  const rules: CallRules<R> = {
    costOf: ({ a, b }) => windowEstimate(a.length, b?.length, policy),
    combine,
    signals: createSignals()
  }
  const queue = createQueue(rules.costOf)
  const ready = createReadyList(limits)
  const working = new Set<Work>()
  let encoding = 0
  let running = 0
  let pumping = false
  let disposed = false

  /** Pumps once all calls of this tick have arrived. */
  function wake(): void {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      if (!disposed) pump()
    })
  }

  function pump(): void {
    ready.dropSettled()
    if (ready.size === 0 && encoding === 0 && running < concurrency && queue.isShort) encodeAndRun(queue.take())
    while (queue.hasUnread && encoding < concurrency && ready.size < READY) encode(queue.take())
    while (ready.size > 0 && running < concurrency && (encoding === 0 || ready.size >= READY / 2)) run(ready.take())
  }

  /** Starts a request: its failure rejects the calls it serves, and it is abandoned once all of them are settled. */
  function start(served: readonly Taken[], request: (abandoned: AbortSignal) => Promise<void>): void {
    const work: Work = {
      calls: new Set(served.map(({ call }) => call)),
      abandon: new AbortController(),
      done: Promise.resolve()
    }
    const failed = (error: unknown): void => work.calls.forEach((call) => call.reject(error))
    working.add(work)
    work.done = request(work.abandon.signal)
      .catch(failed)
      .then(() => {
        working.delete(work)
        wake()
      })
  }

  function encode(taken: readonly Taken[]): void {
    start(taken, async (abandoned) => {
      const pairs = taken.map(({ call, index }) => ({ a: call.pairs[index]!.a, b: call.pairs[index]!.b }))
      encoding++
      try {
        ready.put(announce(taken, await engine.encode(pairs, policy, abandoned)))
      } finally {
        encoding--
      }
    })
  }

  /** Fast path: when the engine is idle and the queue is short, encode and run in one message if it is one batch. */
  function encodeAndRun(taken: readonly Taken[]): void {
    start(taken, async (abandoned) => {
      const pairs = taken.map(({ call, index }) => call.pairs[index]!)
      running++
      try {
        const encoded = await engine.encodeAndRun(pairs, policy, limits, abandoned)
        const sequences = announce(taken, encoded.pairs)
        if (encoded.outputs) deliver(sequences, encoded.outputs)
        else ready.put(sequences)
      } finally {
        running--
      }
    })
  }

  function run(sequences: readonly Sequence[]): void {
    start(sequences, async (abandoned) => {
      running++
      try {
        deliver(sequences, await engine.run(padBatch(sequences), abandoned))
      } finally {
        running--
      }
    })
  }

  function submit(pairs: readonly TaskPair[], options: CheckedRun): Promise<Outcome<R>[]> {
    if (disposed) return Promise.reject(disposedError())
    const cost = pairs.reduce((sum, pair) => sum + rules.costOf(pair), 0)
    if (queue.waiting > 0 && queue.waiting + cost > maxQueue)
      return Promise.reject(queueFull(queue.waiting, cost, maxQueue))
    return startCall(pairs, options, rules, (call) => {
      ready.arrive(call)
      const entry = queue.add(call)
      wake()
      return {
        answered: entry.answered,
        leave() {
          entry.leave()
          for (const { calls, abandon } of working)
            if (calls.has(call) && [...calls].every((one) => one.settled)) abandon.abort()
          wake()
        }
      }
    })
  }

  async function dispose(): Promise<void> {
    disposed = true
    for (const call of [...queue.calls()]) call.reject(disposedError())
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DISPOSE_LIMIT)
    })
    await Promise.race([Promise.all([...working].map(({ done }) => done)), limit])
    clearTimeout(timer)
  }

  return { submit, dispose }
}

/** Announces to the calls the sequences of their pairs, and returns them. */
function announce(taken: readonly Taken[], encoded: readonly EncodedPair[]): Sequence[] {
  return encoded.map(({ pair, tokenIds, segmentIds, truncated }) => {
    const { call, index } = taken[pair]!
    call.expect(index, tokenIds.length, truncated)
    return { call, index, taskId: call.pairs[index]!.taskId, tokenIds, segmentIds }
  })
}

/** Passes each sequence's row of the outputs [sequences, width] to its call. */
function deliver(sequences: readonly Sequence[], outputs: Float32Array): void {
  const width = outputs.length / sequences.length
  sequences.forEach(({ call, index }, row) => call.receive(index, outputs.subarray(row * width, (row + 1) * width)))
  for (const call of new Set(sequences.map((sequence) => sequence.call))) call.report()
}

function queueFull(waiting: number, cost: number, maxQueue: number): MatcherError {
  return new MatcherError(
    'queue-full',
    `${waiting} pairs wait already and ${cost} more would exceed maxQueue (${maxQueue}), a pair read in windows counting as ` +
      'that many; try again later, or raise maxQueue.'
  )
}

/** Rejection of every call after `dispose`. */
export function disposedError(): MatcherError {
  return new MatcherError('disposed', 'This matcher was disposed; create a new one with createMatcher.')
}
