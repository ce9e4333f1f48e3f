import type { CheckedRun } from './check-input'
import type { TaskText, TextVectors, VectorCache } from './vector-cache'

/** Where vectors stay beyond this matcher, as between visits to a page, by the SHA-256 of their graph. It rejects no call: what fails is not kept. */
export interface VectorStore {
  /** The vectors that are kept of these texts; undefined for the others. */
  load(graph: string, texts: readonly TaskText[]): Promise<(TextVectors | undefined)[]>
  save(graph: string, entries: readonly (readonly [text: TaskText, vectors: TextVectors])[]): Promise<void>
}

/** The network, as the source of vectors sees it. */
export interface TextEncoder {
  /** SHA-256 of the graph that runs now. It changes where a lost device makes the engine continue with another dtype. */
  graph(): string
  /** Runs the network over texts; results in input order. */
  encode(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]>
}

/** The vectors of texts, each encoded once as long as it is remembered. */
export interface TextVectorSource {
  /** Texts that the cache holds. */
  readonly cached: number
  /** Vectors in input order, all of one graph. `onProgress` counts the texts of this call, those that were known included. */
  vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]>
}

/** Creates the source over a network; `store` remembers beyond `cache`. */
export function createTextVectorSource(
  network: TextEncoder,
  cache: VectorCache,
  store?: VectorStore
): TextVectorSource {
  let cachedGraph = network.graph()

  /** Vectors of different graphs must never be compared, so the cache holds those of one. */
  function forgetOtherGraphs(): string {
    const graph = network.graph()
    if (graph !== cachedGraph) cache.clear()
    cachedGraph = graph
    return graph
  }

  async function vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]> {
    if (run.signal?.aborted) throw run.signal.reason // `checkSignal` does not ask for throwIfAborted
    const graph = forgetOtherGraphs()
    const { found, missing } = lookUp(texts, cache)
    if (store && missing.length > 0) {
      const kept = await store.load(
        graph,
        missing.map(({ text }) => text)
      )
      kept.forEach((vectors, i) => vectors && place(missing[i]!, vectors, found))
    }
    const left = missing.filter(({ places }) => !found[places[0]!])
    const wanted = left.map(({ text }) => text)
    const encoded =
      wanted.length === 0
        ? []
        : await network.encode(wanted, {
            ...run,
            onProgress: run.onProgress && shareOf(texts.length, wanted.length, run.onProgress)
          })
    if (network.graph() !== graph) return vectorsOf(texts, run) // some of `encoded` may be of the graph before
    encoded.forEach((vectors, i) => place(left[i]!, vectors, found))
    for (const { text, places } of missing) cache.set(text, found[places[0]!]!)
    if (store && wanted.length > 0)
      await store.save(
        graph,
        encoded.map((vectors, i) => [wanted[i]!, vectors] as const)
      )
    if (wanted.length === 0 && texts.length > 0) run.onProgress?.({ done: texts.length, total: texts.length })
    return found as TextVectors[]
  }

  return {
    get cached() {
      return cache.size
    },
    vectorsOf
  }
}

/** A text that is not in the cache, and where it is in the call. */
interface Missing {
  readonly text: TaskText
  readonly places: number[]
}

/** Sorts the texts of a call into those whose vectors are cached, by place, and the others, each once. */
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
