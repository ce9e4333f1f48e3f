import { padBatch, pickBatch, type BatchLimits, type TaskSequence } from './batch'
import { startCall, type Call, type CallOptions, type Outcome, type TaskPair } from './call'
import type { Engine, EncodePolicy } from './engine'
import { MatcherError } from './errors'

/** What a scheduler works with. */
export interface SchedulerOptions {
  readonly policy: EncodePolicy
  readonly batch: BatchLimits
  /** Batches that the engine runs at once. */
  readonly concurrency: number
  /** Pairs accepted and unanswered before calls are refused. */
  readonly maxQueue: number
}

/** Gathers the pairs of overlapping calls into batches of similar length. */
export interface Scheduler {
  /** Outcomes in input order. Rejects with `queue-full`, `deadline-exceeded`, `disposed`, the signal's reason, or the engine's error. */
  submit(pairs: readonly TaskPair[], options: CallOptions): Promise<Outcome[]>
  /** Rejects what waits; resolves when the batches under way have ended. */
  dispose(): Promise<void>
}

/** Pairs sent to the tokenizer at once: small, so that a batch never waits long behind it. */
const ENCODE_CHUNK = 32

/** Sequences held ready to be sorted by length; more would only be held longer. */
const READY = 512

/** An encoded sequence and whose it is. */
interface Sequence extends TaskSequence {
  readonly call: Call
  readonly index: number
}

/** Creates the scheduler of one matcher. */
export function createScheduler(engine: Engine, { policy, batch: limits, concurrency, maxQueue }: SchedulerOptions): Scheduler {
  const calls = new Set<Call>()                                      // unanswered
  let turn: Call[] = []                                              // calls with pairs not yet encoded, taken in rotation
  let ready: Sequence[] = []                                         // sorted by length
  const working = new Set<Promise<void>>()
  let encoding = 0
  let running = 0
  let clock = 0
  let pumping = false
  let disposed = false

  /** Starts what can start, once the calls of this tick are all in. */
  function wake(): void {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      if (disposed) return
      turn = turn.filter((call) => !call.settled)
      ready = ready.filter(({ call }) => !call.settled)
      while (turn.length > 0 && encoding < concurrency && ready.length < READY) track(encodeNext())
      while (ready.length > 0 && running < concurrency && (encoding === 0 || ready.length >= READY / 2)) track(runNext())
    })
  }

  function track(work: Promise<void>): void {
    const done = work.then(() => {
      working.delete(done)
      wake()
    })
    working.add(done)
  }

  /** Encodes a few pairs of each call in turn, so that a long call does not hold up a short one. */
  async function encodeNext(): Promise<void> {
    const share = Math.max(1, Math.floor(ENCODE_CHUNK / turn.length))
    const taken: { call: Call; index: number }[] = []
    for (let rounds = turn.length; rounds > 0 && taken.length < ENCODE_CHUNK; rounds--) {
      const call = turn.shift()!
      for (let i = 0; i < share && call.unread < call.pairs.length; i++) taken.push({ call, index: call.unread++ })
      if (call.unread < call.pairs.length) turn.push(call)
    }
    encoding++
    try {
      const encoded = await engine.encode(taken.map(({ call, index }) => ({ a: call.pairs[index]!.a, b: call.pairs[index]!.b })), policy)
      for (const { pair, tokenIds, segmentIds, truncated } of encoded) {
        const { call, index } = taken[pair]!
        call.expect(index, tokenIds.length, truncated)
        ready.push({ call, index, task: call.pairs[index]!.task, tokenIds, segmentIds })
      }
      ready.sort((one, other) => one.tokenIds.length - other.tokenIds.length)
    } catch (error) {
      for (const { call } of taken) call.reject(error)
    }
    encoding--
  }

  /** Runs a batch around a sequence of the call that was served longest ago, with neighbours in length of any call. */
  async function runNext(): Promise<void> {
    let anchor = 0
    ready.forEach(({ call }, i) => {
      if (call.served < ready[anchor]!.call.served) anchor = i
    })
    ready[anchor]!.call.served = ++clock
    const [from, to] = pickBatch(ready.map(({ tokenIds }) => tokenIds.length), anchor, limits)
    const batch = ready.splice(from, to - from)
    running++
    try {
      const logits = await engine.run(padBatch(batch))
      batch.forEach(({ call, index }, row) => call.receive(index, [logits[2 * row]!, logits[2 * row + 1]!]))
      for (const call of new Set(batch.map((sequence) => sequence.call))) call.report()
    } catch (error) {
      for (const { call } of batch) call.reject(error)
    }
    running--
  }

  function submit(pairs: readonly TaskPair[], options: CallOptions): Promise<Outcome[]> {
    if (disposed) return Promise.reject(disposedError())
    const waiting = [...calls].reduce((sum, call) => sum + call.remaining, 0)
    if (waiting > 0 && waiting + pairs.length > maxQueue) {
      return Promise.reject(new MatcherError(
        'queue-full', `${waiting} pairs wait already and ${pairs.length} more would exceed maxQueue (${maxQueue}); try again later, or raise maxQueue.`
      ))
    }
    return startCall(pairs, options, ++clock, (call) => {
      calls.add(call)
      turn.push(call)
      wake()
      return () => {
        calls.delete(call)
        wake()
      }
    })
  }

  async function dispose(): Promise<void> {
    disposed = true
    for (const call of calls) call.reject(disposedError())
    await Promise.all(working)
  }

  return { submit, dispose }
}

function disposedError(): MatcherError {
  return new MatcherError('disposed', 'This matcher was disposed; create a new one with createMatcher.')
}
