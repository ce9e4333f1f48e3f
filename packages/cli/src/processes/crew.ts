import { setTimeout as sleep } from 'node:timers/promises'
import { MatcherError } from '@sohu-match/sdk-node'
import type { Member, MemberRequests } from './fork'
import type { Totals } from './totals'

export interface CrewOptions {
  readonly fork: (model: string, requests: (member: Member) => MemberRequests) => Member
  /** Milliseconds that a process may take to end after its last new connection; then it is killed. */
  readonly retireMs: number
  /** Milliseconds in which a process must have loaded its model; then it is killed. */
  readonly loadMs?: number
}

/** The running processes of one server, including those that are starting or retiring. */
export interface Crew {
  /**
   * Starts a process and waits until it serves. Throws the reason if it cannot; kills it and throws `inference-failed` if it does not load its model in time.
   */
  start(folder: string, requests: (member: Member) => Omit<MemberRequests, 'retired'>): Promise<Member>
  /** Ends a process and waits for its end: with `drain` after its last connection, otherwise once its requests are answered. */
  retire(member: Member, drain: boolean): Promise<void>
  updateCounts(): Promise<void>
  /** Ends all processes, including those that start meanwhile. */
  end(): Promise<void>
}

/** The largest model, 400 MB, loads within a minute at 60 Mbit/s: after three minutes its storage is assumed to hang. */
const LOAD_MS = 180_000
/** Milliseconds in which a process must report its counts; otherwise its latest ones are taken. */
const COUNTS_MS = 2_000

export function createCrew({ fork, retireMs, loadMs = LOAD_MS }: CrewOptions, totals: Totals): Crew {
  const running = new Map<Member, { hasServed: boolean }>()

  async function retire(member: Member, drain: boolean): Promise<void> {
    const timer = setTimeout(() => member.kill(), retireMs)
    await member.calls.call('retire', { drain }).catch(() => member.kill()) // its channel is closed: it is exiting or has exited
    await member.ended
    clearTimeout(timer)
  }

  async function endRunning(): Promise<void> {
    await Promise.all(
      [...running].map(([member, { hasServed }]) => {
        if (hasServed) return retire(member, false)
        member.kill()
        return member.ended
      })
    )
  }

  return {
    async start(folder, requests) {
      const member = fork(folder, (asker) => ({
        ...requests(asker),
        retired: (counts) => totals.update(asker, counts)
      }))
      const state = { hasServed: false }
      running.set(member, state)
      void member.ended.then(() => {
        running.delete(member)
        totals.end(member)
      })
      await inTime(member, folder, loadMs)
      state.hasServed = true
      return member
    },
    retire,
    async updateCounts() {
      await Promise.all([...running.keys()].map((member) => updateCounts(totals, member)))
    },
    async end() {
      await endRunning()
      if (running.size > 0) await endRunning() // one has started meanwhile
    }
  }
}

/** Waits until a process serves. One whose storage hangs may not even end when it is killed, so its end is not waited for. */
async function inTime(member: Member, folder: string, milliseconds: number): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      const message =
        `A process did not load ${folder} within ${milliseconds / 1000} seconds and was killed; ` +
        'check the disk or network that holds the folder.'
      reject(new MatcherError('inference-failed', message))
      member.kill()
    }, milliseconds)
    const clear = (): void => clearTimeout(timer)
    member.serving.then(clear, clear)
  })
  await Promise.race([member.serving, late])
}

/** Updates the counts of a process, if it reports them in time. */
async function updateCounts(totals: Totals, member: Member): Promise<void> {
  const late = new AbortController()
  const counts = await Promise.race([
    member.calls.call('counts', undefined as never).catch(() => undefined),
    sleep(COUNTS_MS, undefined, { signal: late.signal }).catch(() => undefined)
  ])
  late.abort()
  if (counts) totals.update(member, counts)
}
