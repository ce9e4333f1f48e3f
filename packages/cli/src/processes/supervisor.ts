import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '@sohu-match/node/cli'
import { MatcherError } from '@sohu-match/sdk-node'
import { PATIENCE_MS } from '../serve/watch'
import type { ReloadOutcome, Serving } from './calls'
import type { Member, MemberRequests } from './fork'
import { createTotals, type Totals } from './totals'

/** Parameters of the processes of one server. */
export interface SupervisorOptions {
  readonly processes: number
  /** The folder to serve now; read anew for each reload. */
  readonly modelFolder: () => Promise<string>
  readonly fork: (model: string, requests: (member: Member) => MemberRequests) => Member
  /** Milliseconds that a process may take to end after its last new connection; then it is killed. */
  readonly retireMs: number
  /** Called when a process can be given connections. */
  readonly onSeated: () => void
  /** Called with what operators want to read: a process that ended, a reload. */
  readonly onEvent: (line: string) => void
  readonly patienceMs?: number
  /** Milliseconds in which a process must have loaded its model; then it is killed. */
  readonly loadMs?: number
}

/** The processes of one server: each that dies is replaced, and all are, one after the other, on a reload. */
export interface Supervisor {
  /** Starts the processes. Throws where the first one cannot serve: so would the others. */
  start(): Promise<Serving>
  /** The processes that can be given connections. */
  members(): readonly Member[]
  /** Replaces each process by one that serves the folder of now, one after the other; waits for a reload that is under way. */
  reload(): Promise<ReloadOutcome>
  /** Refuses new requests, answers those under way, and ends all processes. */
  stop(): Promise<void>
  /** Resolves with the reason once no process could be started for a while. */
  readonly lost: Promise<string>
}

/** The place of one process. It is empty while its process is being replaced. */
interface Place {
  member?: Member | undefined
}

/** What is served; another object after each reload, though the folder may have the same name. */
interface Source {
  readonly folder: string
}

type Reloaded = Extract<ReloadOutcome, { outcome: 'reloaded' }>
type Failed = Extract<ReloadOutcome, { outcome: 'failed' }>

/** Milliseconds before the first try to replace a process that died; each further try waits twice as long. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
/** 400 MB, the largest model, arrive in a minute at 60 Mbit/s: after three minutes the storage of a folder no longer answers. */
const LOAD_MS = 180_000
/** Milliseconds in which a process must report its counts; otherwise its latest ones are taken. */
const COUNTS_MS = 2_000

/** Creates the supervisor. Nothing runs until it is started. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { processes, fork, retireMs, onSeated, onEvent, patienceMs = PATIENCE_MS, loadMs = LOAD_MS } = options
  const places: Place[] = Array.from({ length: processes }, () => ({}))
  const running = new Map<Member, { hasServed: boolean }>()
  const totals = createTotals()
  let source: Source = { folder: '' }
  let reloading: Promise<unknown> | undefined
  let asked = Promise.resolve() // the end of the process that asked for the last reload
  let stopping: Promise<void> | undefined
  let servedAt = performance.now()
  let onLost: (reason: string) => void
  const lost = new Promise<string>((resolve) => (onLost = resolve))

  /** Starts a process and waits until it serves. Kills it and throws `inference-failed` if it does not load its model in time. */
  async function begin(): Promise<Member> {
    const member = fork(source.folder, (asker) => ({
      page,
      reload: () => reload(asker),
      leaving: () => replace(asker),
      retired: (counts) => totals.update(asker, counts)
    }))
    const state = { hasServed: false }
    running.set(member, state)
    void member.ended.then(() => {
      running.delete(member)
      totals.end(member)
    })
    await inTime(member, source.folder, loadMs)
    state.hasServed = true
    return member
  }

  /** Gives a process a place, and replaces it when it dies there. */
  function seat(place: Place, member: Member): void {
    place.member = member
    onSeated()
    void member.ended.then((how) => {
      if (place.member !== member) return
      place.member = undefined
      if (stopping) return
      onEvent(`${how} It is replaced.`)
      void refill(place)
    })
  }

  /** Replaces a process that has been asked to end, and lets it. */
  function replace(member: Member): void {
    const place = places.find((one) => one.member === member)
    if (!place || stopping) return
    onEvent('A process has been asked to end. It is replaced.')
    place.member = undefined
    void refill(place)
    void retire(member, true)
  }

  /** Starts processes for an empty place until one serves. */
  async function refill(place: Place): Promise<void> {
    const isDone = (): boolean => stopping !== undefined || place.member !== undefined
    for (let pause = FIRST_PAUSE_MS; !isDone(); pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      if (places.some(({ member }) => member)) servedAt = performance.now()
      await sleep(pause)
      if (isDone()) return
      const wanted = source
      try {
        const member = await begin()
        if (!isDone() && source === wanted) return seat(place, member)
        await retire(member, true) // a reload has passed by meanwhile
      } catch (error) {
        onEvent(`A process could not be started: ${describeError(error)}`)
        if (places.every(({ member }) => !member) && performance.now() - servedAt >= patienceMs)
          return onLost(describeError(error))
      }
    }
  }

  async function retire(member: Member, drain: boolean): Promise<void> {
    const timer = setTimeout(() => member.kill(), retireMs)
    await member.calls.call('retire', { drain }).catch(() => member.kill()) // its channel is closed: it ends, or has ended
    await member.ended
    clearTimeout(timer)
  }

  async function page(): Promise<string> {
    totals.processes.set(places.filter(({ member }) => member).length)
    await Promise.all([...running.keys()].map((member) => updateCounts(totals, member)))
    return totals.page()
  }

  /**
   * Reloads, unless another reload is under way, or the process that asks has lost its place. The one that asks is replaced last and not waited
   * for: it must answer first. The next reload waits for it.
   */
  async function reload(asker?: Member): Promise<ReloadOutcome> {
    const hasPlace = asker === undefined || places.some(({ member }) => member === asker)
    if (reloading || stopping || !hasPlace) return { outcome: 'under-way' }
    const work = asked.then(() => replaceAll(asker))
    reloading = work
    const outcome = await work
    reloading = undefined
    totals.reloads.inc({ outcome: outcome.outcome })
    onEvent(
      outcome.outcome === 'reloaded'
        ? `Reloaded: ${outcome.model} (${outcome.modelHash.slice(0, 12)}) from ${source.folder}`
        : `The reload failed: ${outcome.reason}`
    )
    return outcome
  }

  async function replaceAll(asker: Member | undefined): Promise<Reloaded | Failed> {
    const before = source
    let fresh: Member | undefined
    let replaced = 0
    try {
      source = { folder: await options.modelFolder() }
      fresh = await begin()
      const { model, modelHash } = await fresh.serving
      for (const place of inTurn(places, asker)) {
        fresh ??= await begin()
        const old = place.member
        seat(place, fresh)
        fresh = undefined
        replaced++
        if (!old) continue // it has died, and this is its replacement
        if (old === asker) asked = retire(old, true)
        else await retire(old, true)
      }
      return { outcome: 'reloaded', model, modelHash }
    } catch (error) {
      if (replaced === 0) source = before
      const some = replaced > 0 ? `${replaced} of ${processes} processes serve the new model, then: ` : ''
      return { outcome: 'failed', reason: `${some}${describeError(error)}` }
    }
  }

  async function end(): Promise<void> {
    await Promise.all(
      [...running].map(([member, { hasServed }]) => {
        if (hasServed) return retire(member, false)
        member.kill()
        return member.ended
      })
    )
  }

  return {
    async start() {
      source = { folder: await options.modelFolder() }
      const first = await begin()
      seat(places[0]!, first)
      await Promise.all(places.slice(1).map(async (place) => seat(place, await begin())))
      return first.serving
    },
    members: () => places.flatMap(({ member }) => member ?? []),
    async reload() {
      for (;;) {
        const outcome = await reload()
        if (outcome.outcome !== 'under-way' || stopping) return outcome
        await reloading
      }
    },
    async stop() {
      stopping ??= end().then(() => (running.size > 0 ? end() : undefined)) // one may have started meanwhile
      await stopping
    },
    lost
  }
}

/** Waits until a process serves. One whose storage hangs may not even end when it is killed, so its end is not waited for. */
async function inTime(member: Member, folder: string, milliseconds: number): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      const message = `A process did not load ${folder} within ${milliseconds / 1000} seconds and was killed; check the disk or network that holds the folder.`
      reject(new MatcherError('inference-failed', message))
      member.kill()
    }, milliseconds)
    const clear = (): void => clearTimeout(timer)
    member.serving.then(clear, clear)
  })
  await Promise.race([member.serving, late])
}

/** The places, that of the process which has been asked to reload last: it answers once the others have been replaced. */
function inTurn(places: readonly Place[], asker: Member | undefined): Place[] {
  return [...places].sort((one, other) => Number(one.member === asker) - Number(other.member === asker))
}

/** Takes over the counts of a process, if it reports them in time. */
async function updateCounts(totals: Totals, member: Member): Promise<void> {
  const late = new AbortController()
  const counts = await Promise.race([
    member.calls.call('counts', undefined as never).catch(() => undefined),
    sleep(COUNTS_MS, undefined, { signal: late.signal }).catch(() => undefined)
  ])
  late.abort()
  if (counts) totals.update(member, counts)
}
