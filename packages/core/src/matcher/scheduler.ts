import { padBatch, pickBatch, type TaskSequence } from '../engine/batch'
import { startCall, type Call, type CallOptions, type Outcome } from './call'
import type { BatchLimits, EncodedPair, Engine, EncodePolicy, TaskPair } from '../engine/engine'
import { MatcherError } from '../errors'

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

/** A pair that was taken up, by its call. */
interface Taken {
  readonly call: Call
  readonly index: number
}

/** An encoded sequence and whose it is. */
interface Sequence extends TaskSequence, Taken {}

/** Creates the scheduler of one matcher. */
export function createScheduler(
  engine: Engine,
  { policy, batch: limits, concurrency, maxQueue }: SchedulerOptions
): Scheduler {
  const calls = new Set<Call>() // unanswered
  let turn: Call[] = [] // calls with pairs not yet encoded, taken in rotation
  let ready: Sequence[] = [] // sorted by length
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
      if (ready.length === 0 && encoding === 0 && running < concurrency && isShort(turn)) track(scoreNext())
      while (turn.length > 0 && encoding < concurrency && ready.length < READY) track(encodeNext())
      while (ready.length > 0 && running < concurrency && (encoding === 0 || ready.length >= READY / 2))
        track(runNext())
    })
  }

  function track(work: Promise<void>): void {
    const done = work.then(() => {
      working.delete(done)
      wake()
    })
    working.add(done)
  }

  /** Takes all that waits if it is little, else a few pairs of each call in turn, so that a long call does not hold up a short one. */
  function take(): Taken[] {
    const share = isShort(turn) ? ENCODE_CHUNK : Math.max(1, Math.floor(ENCODE_CHUNK / turn.length))
    const taken: Taken[] = []
    for (let rounds = turn.length; rounds > 0 && taken.length < ENCODE_CHUNK; rounds--) {
      const call = turn.shift()!
      for (let i = 0; i < share && call.unread < call.pairs.length; i++) taken.push({ call, index: call.unread++ })
      if (call.unread < call.pairs.length) turn.push(call)
    }
    return taken
  }

  async function encodeNext(): Promise<void> {
    const taken = take()
    encoding++
    try {
      putReady(
        announce(
          taken,
          await engine.encode(
            taken.map(({ call, index }) => ({ a: call.pairs[index]!.a, b: call.pairs[index]!.b })),
            policy
          )
        )
      )
    } catch (error) {
      for (const { call } of taken) call.reject(error)
    }
    encoding--
  }

  /** Encodes and runs in one message all that waits, when it is little and a worker is free; what is no single batch becomes ready. */
  async function scoreNext(): Promise<void> {
    const taken = take()
    running++
    try {
      const { pairs, logits } = await engine.encodeAndRun(
        taken.map(({ call, index }) => call.pairs[index]!),
        policy,
        limits
      )
      const sequences = announce(taken, pairs)
      if (logits) deliver(sequences, logits)
      else putReady(sequences)
    } catch (error) {
      for (const { call } of taken) call.reject(error)
    }
    running--
  }

  function putReady(sequences: readonly Sequence[]): void {
    ready.push(...sequences)
    ready.sort((one, other) => one.tokenIds.length - other.tokenIds.length)
  }

  /** Runs a batch around a sequence of the call that was served longest ago, with neighbours in length of any call. */
  async function runNext(): Promise<void> {
    let anchor = 0
    ready.forEach(({ call }, i) => {
      if (call.served < ready[anchor]!.call.served) anchor = i
    })
    ready[anchor]!.call.served = ++clock
    const [from, to] = pickBatch(
      ready.map(({ tokenIds }) => tokenIds.length),
      anchor,
      limits
    )
    const batch = ready.splice(from, to - from)
    running++
    try {
      deliver(batch, await engine.run(padBatch(batch)))
    } catch (error) {
      for (const { call } of batch) call.reject(error)
    }
    running--
  }

  function submit(pairs: readonly TaskPair[], options: CallOptions): Promise<Outcome[]> {
    if (disposed) return Promise.reject(disposedError())
    const waiting = [...calls].reduce((sum, call) => sum + call.remaining, 0)
    if (waiting > 0 && waiting + pairs.length > maxQueue) {
      return Promise.reject(
        new MatcherError(
          'queue-full',
          `${waiting} pairs wait already and ${pairs.length} more would exceed maxQueue (${maxQueue}); try again later, or raise maxQueue.`
        )
      )
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

/** Whether all pairs of some calls, and at least one, are sent to the tokenizer at once. */
function isShort(calls: readonly Call[]): boolean {
  const unread = calls.reduce((sum, call) => sum + call.pairs.length - call.unread, 0)
  return unread > 0 && unread <= ENCODE_CHUNK
}

/** Tells the calls which sequences their pairs became, and returns those. */
function announce(taken: readonly Taken[], encoded: readonly EncodedPair[]): Sequence[] {
  return encoded.map(({ pair, tokenIds, segmentIds, truncated }) => {
    const { call, index } = taken[pair]!
    call.expect(index, tokenIds.length, truncated)
    return { call, index, taskId: call.pairs[index]!.taskId, tokenIds, segmentIds }
  })
}

/** Hands each sequence's logits [sequences, 2] to its call. */
function deliver(sequences: readonly Sequence[], logits: Float32Array): void {
  sequences.forEach(({ call, index }, row) => call.receive(index, [logits[2 * row]!, logits[2 * row + 1]!]))
  for (const call of new Set(sequences.map((sequence) => sequence.call))) call.report()
}

function disposedError(): MatcherError {
  return new MatcherError('disposed', 'This matcher was disposed; create a new one with createMatcher.')
}
