import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '@sohu-match/node/cli'
import { PATIENCE_MS } from '../serve/watch'
import type { ReloadOutcome, Serving } from './calls'
import { createCrew, type CrewOptions } from './crew'
import type { Member } from './fork'
import { createTotals } from './totals'

/** Parameters of the processes of one server. */
export interface SupervisorOptions extends CrewOptions {
  readonly processes: number
  /** The folder to serve now; called again for each reload. */
  readonly modelFolder: () => Promise<string>
  /** Called when a process is ready for connections. */
  readonly onSeated: () => void
  /** Receives messages for operators: a process that ended, a reload. */
  readonly onEvent: (line: string) => void
  readonly patienceMs?: number
}

/** The processes of one server: those that die are replaced, and a reload replaces all, one after another. */
export interface Supervisor {
  /** Starts the processes. Throws if the first one cannot serve, as then none can. */
  start(): Promise<Serving>
  /** Processes that are ready for connections. */
  members(): readonly Member[]
  /** Replaces the processes, one after another, by ones that serve the current folder; first waits for a reload that is under way. */
  reload(): Promise<ReloadOutcome>
  /** Refuses new requests, answers current ones, and ends all processes. */
  stop(): Promise<void>
  /** Resolves with the reason once no process could be started for a while. */
  readonly lost: Promise<string>
}

/** The place of one process. It is empty while its process is being replaced. */
interface Place {
  member?: Member | undefined
}

/** The served folder: a new object after each reload, even if the folder has the same name. */
interface Source {
  readonly folder: string
}

type Reloaded = Extract<ReloadOutcome, { outcome: 'reloaded' }>
type Failed = Extract<ReloadOutcome, { outcome: 'failed' }>

/** Milliseconds before the first attempt to replace a process that died; each further attempt waits twice as long. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/** Creates the supervisor. Nothing runs until it is started. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { processes, onSeated, onEvent, patienceMs = PATIENCE_MS } = options
  const places: Place[] = Array.from({ length: processes }, () => ({}))
  const totals = createTotals()
  const crew = createCrew(options, totals)
  let source: Source = { folder: '' }
  let reloading: Promise<unknown> | undefined
  let asked = Promise.resolve() // the end of the process that requested the last reload
  let stopping: Promise<void> | undefined
  let servedAt = performance.now()
  let onLost: (reason: string) => void
  const lost = new Promise<string>((resolve) => (onLost = resolve))

  /** Starts a process on the current folder. Throws as `Crew.start`. */
  function begin(): Promise<Member> {
    return crew.start(source.folder, (asker) => ({ page, reload: () => reload(asker), leaving: () => replace(asker) }))
  }

  /** Puts a process into a place, and replaces it if it dies there. */
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

  /** Replaces a process that has been asked to exit, and retires it. */
  function replace(member: Member): void {
    const place = places.find((one) => one.member === member)
    if (!place || stopping) return
    onEvent('A process has been asked to end. It is replaced.')
    place.member = undefined
    void refill(place)
    void crew.retire(member, true)
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
        await crew.retire(member, true) // a reload has happened meanwhile
      } catch (error) {
        onEvent(`A process could not be started: ${describeError(error)}`)
        if (places.every(({ member }) => !member) && performance.now() - servedAt >= patienceMs)
          return onLost(describeError(error))
      }
    }
  }

  async function page(): Promise<string> {
    totals.processes.set(places.filter(({ member }) => member).length)
    await crew.updateCounts()
    return totals.page()
  }

  /**
   * Reloads, unless another reload is under way or the requesting process has lost its place. The requesting process is replaced last and not waited
   * for, since it must answer first. The next reload waits for it.
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
        if (!old) continue // it had died, and this is its replacement
        if (old === asker) asked = crew.retire(old, true)
        else await crew.retire(old, true)
      }
      return { outcome: 'reloaded', model, modelHash }
    } catch (error) {
      if (replaced === 0) source = before
      const some = replaced > 0 ? `${replaced} of ${processes} processes serve the new model, then: ` : ''
      return { outcome: 'failed', reason: `${some}${describeError(error)}` }
    }
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
      stopping ??= crew.end()
      await stopping
    },
    lost
  }
}

/** The places, with that of the requesting process last, since it answers once the others have been replaced. */
function inTurn(places: readonly Place[], asker: Member | undefined): Place[] {
  return [...places].sort((one, other) => Number(one.member === asker) - Number(other.member === asker))
}
