import { MatcherError } from '../errors'
import { untilAborted } from '../until-aborted'
import { LONGEST_TIMER, tooLate } from './call'
import type { CheckedRun } from './check-input'
import type { TaskText, TextVectors, VectorCache } from './vector-cache'

/**
 * Keeps vectors beyond this matcher, by the SHA-256 of their graph. It never rejects: on failure nothing is kept. A call that is aborted or
 * late does not wait for it.
 */
export interface VectorStore {
  /** The kept vectors of these texts; undefined for others. */
  load(graph: string, texts: readonly TaskText[]): Promise<(TextVectors | undefined)[]>
  save(graph: string, entries: readonly (readonly [text: TaskText, vectors: TextVectors])[]): Promise<void>
}

export interface TextEncoder {
  /** SHA-256 of the current graph. It changes if the engine continues with another dtype after losing a device. */
  graph(): string
  /** Results are in input order. */
  encode(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]>
}

/** The vectors of texts, each encoded once while it is cached. */
export interface TextVectorSource {
  /** Number of cached texts. */
  readonly cached: number
  /** Vectors in input order, all of one graph. `onProgress` counts the texts of this call, including cached ones. */
  vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]>
}

/** `store` remembers beyond `cache`. */
export function createTextVectorSource(
  network: TextEncoder,
  cache: VectorCache,
  store?: VectorStore
): TextVectorSource {
  let cachedGraph = network.graph()

  /** Vectors of different graphs must never be compared, so the cache has those of one. */
  function forgetOtherGraphs(): string {
    const graph = network.graph()
    if (graph !== cachedGraph) cache.clear()
    cachedGraph = graph
    return graph
  }

  async function find(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]> {
    const runLeft = timeLeft(run)
    if (run.signal?.aborted) throw run.signal.reason // `checkSignal` does not require throwIfAborted
    const graph = forgetOtherGraphs()
    const { found, missing } = lookUp(texts, cache)
    if (store && missing.length > 0) {
      const loading = store.load(
        graph,
        missing.map(({ text }) => text)
      )
      const kept = await untilGivenUp(loading, runLeft())
      kept.forEach((vectors, i) => vectors && place(missing[i]!, vectors, found))
    }
    const left = missing.filter(({ places }) => !found[places[0]!])
    const wanted = left.map(({ text }) => text)
    const encoded =
      wanted.length === 0
        ? []
        : await network.encode(wanted, {
            ...(store ? runLeft() : run),
            onProgress: run.onProgress && shareOf(texts.length, wanted.length, run.onProgress)
          })
    if (network.graph() !== graph) return find(texts, runLeft()) // some of `encoded` may be of the previous graph
    encoded.forEach((vectors, i) => place(left[i]!, vectors, found))
    for (const { text, places } of missing) cache.set(text, found[places[0]!]!)
    if (store && wanted.length > 0) {
      const saving = store.save(
        graph,
        encoded.map((vectors, i) => [wanted[i]!, vectors] as const)
      )
      await untilGivenUp(saving, runLeft()).catch(() => undefined) // the vectors have been computed, in time
    }
    if (wanted.length === 0 && texts.length > 0) run.onProgress?.({ done: texts.length, total: texts.length })
    return found as TextVectors[]
  }

  return {
    get cached() {
      return cache.size
    },
    vectorsOf: (texts, run) =>
      find(texts, run).catch((error: unknown) => {
        const late = run.deadlineMs !== undefined && error instanceof MatcherError && error.code === 'deadline-exceeded'
        throw late ? tooLate(run.deadlineMs) : error // names the whole deadline, and not what was left of it
      })
  }
}

/** The options of a call later on, with the rest of its deadline. */
function timeLeft(run: CheckedRun): () => CheckedRun {
  const { deadlineMs } = run
  if (deadlineMs === undefined) return () => run
  const end = performance.now() + deadlineMs
  return () => ({ ...run, deadlineMs: Math.max(1, end - performance.now()) })
}

/** The result of `work`; rejects with the reason of an abort, or with `deadline-exceeded`, when it comes first. */
function untilGivenUp<T>(work: Promise<T>, { signal, deadlineMs }: CheckedRun): Promise<T> {
  const untilEnd = untilAborted(work, signal)
  if (deadlineMs === undefined || deadlineMs > LONGEST_TIMER) return untilEnd
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate(deadlineMs)), deadlineMs)
  })
  return Promise.race([untilEnd, late]).finally(() => clearTimeout(timer))
}

/** A text outside the cache, and its indices in the call. */
interface Missing {
  readonly text: TaskText
  readonly places: number[]
}

/** Splits the texts of a call into cached vectors, by index, and the distinct other texts. */
function lookUp(
  texts: readonly TaskText[],
  cache: VectorCache
): { found: (TextVectors | undefined)[]; missing: Missing[] } {
  const found = new Array<TextVectors | undefined>(texts.length)
  const missing = new Map<string, Missing>()
  for (const [i, text] of texts.entries()) {
    found[i] = cache.get(text)
    if (found[i]) continue
    const key = `${text.taskId} ${text.text}`
    const known = missing.get(key)
    if (known) known.places.push(i)
    else missing.set(key, { text, places: [i] })
  }
  return { found, missing: [...missing.values()] }
}

function place({ places }: Missing, vectors: TextVectors, found: (TextVectors | undefined)[]): void {
  for (const i of places) found[i] = vectors
}

/** Progress over all texts of a call of which only `encoded` are run: the others count as done. */
function shareOf(total: number, encoded: number, onProgress: NonNullable<CheckedRun['onProgress']>): typeof onProgress {
  return ({ done }) => onProgress({ done: total - encoded + done, total })
}
