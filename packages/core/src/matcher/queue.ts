import type { TaskPair } from '../engine/engine'
import type { Call, QueueEntry } from './call'

/** Pairs sent to the tokenizer at once: few, so that a batch never waits long behind them. */
const ENCODE_CHUNK = 32

/** Expected sequences sent to the tokenizer at once, unless a single pair has more. */
const CHUNK_SEQUENCES = 512

/** Maximum settled calls in the rotation before it is compacted. */
const SLACK = 64

/** A pair taken from the queue, by its call. */
export interface Taken {
  readonly call: Call
  readonly index: number
}

/** The unanswered calls of a matcher. Every operation takes constant time. */
export interface Queue {
  /** Expected sequences accepted and unanswered. */
  readonly waiting: number
  /** True if any pair has not been sent to the tokenizer. */
  readonly hasUnread: boolean
  /** True if all unread pairs, at least one, fit into one chunk. */
  readonly isShort: boolean
  add(call: Call): QueueEntry
  /**
   * Takes all unread pairs if there are few, otherwise some of each call, so that a long call does not delay short
   * ones.
   */
  take(): Taken[]
  calls(): Iterable<Call>
}

export function createQueue(costOf: (pair: TaskPair) => number): Queue {
  const calls = new Set<Call>()
  const rotation = createRotation()
  let unread = 0
  let waiting = 0

  const queue: Queue = {
    get waiting() {
      return waiting
    },
    get hasUnread() {
      return unread > 0
    },
    get isShort() {
      return unread > 0 && unread <= ENCODE_CHUNK
    },
    add(call) {
      calls.add(call)
      rotation.add(call)
      unread += call.pairs.length
      const cost = call.remaining
      let answered = 0
      waiting += cost
      return {
        answered(part) {
          answered += part
          waiting -= part
        },
        leave() {
          calls.delete(call)
          waiting -= cost - answered
          const left = call.pairs.length - call.unread
          unread -= left
          if (left > 0) rotation.drop()
          rotation.compact()
        }
      }
    },
    take() {
      const share = queue.isShort ? ENCODE_CHUNK : Math.max(1, Math.floor(ENCODE_CHUNK / rotation.open))
      const taken: Taken[] = []
      let cost = 0
      const full = (): boolean => taken.length >= ENCODE_CHUNK || cost >= CHUNK_SEQUENCES
      for (let rounds = rotation.open; rounds > 0 && !full(); rounds--) {
        const call = rotation.next()
        for (let i = 0; i < share && call.unread < call.pairs.length && !full(); i++) {
          cost += costOf(call.pairs[call.unread]!)
          taken.push({ call, index: call.unread++ })
        }
        rotation.drop()
        if (call.unread < call.pairs.length) rotation.add(call)
      }
      unread -= taken.length
      rotation.compact()
      return taken
    },
    calls: () => calls
  }
  return queue
}

/** Calls with unread pairs, in turn. Settled calls are skipped, and removed once they outnumber the others. */
function createRotation() {
  let turn: Call[] = []
  let head = 0
  let open = 0
  return {
    /** Number of calls that are not settled. */
    get open() {
      return open
    },
    add(call: Call): void {
      turn.push(call)
      open++
    },
    /** Of `open` calls, at least one. The call stays counted until it is dropped. */
    next(): Call {
      while (turn[head]!.settled) head++
      return turn[head++]!
    },
    /** Counts a call less: it has been taken with `next`, or is settled. */
    drop(): void {
      open--
    },
    compact(): void {
      if (turn.length - open <= open + SLACK) return
      turn = turn.slice(head).filter((call) => !call.settled)
      head = 0
    }
  }
}
