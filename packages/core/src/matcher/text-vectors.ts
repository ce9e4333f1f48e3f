import type { CheckedRun } from './check-input'
import { keyOf, type TaskText, type TextVectors, type VectorCache } from './vector-cache'

/** Where vectors stay beyond this matcher, as between visits of a page. A failure to keep them must not fail a call. */
export interface VectorStore {
  /** The vectors that are kept under these keys; undefined for those that are not. */
  load(keys: readonly string[]): Promise<(TextVectors | undefined)[]>
  save(entries: readonly (readonly [key: string, vectors: TextVectors])[]): Promise<void>
}

/** Runs the network over texts; results in input order. */
export type EncodeTexts = (texts: readonly TaskText[], run: CheckedRun) => Promise<TextVectors[]>

/** The vectors of texts, each encoded once as long as it is remembered. */
export interface TextVectorSource {
  /** Texts that the cache holds. */
  readonly cached: number
  /** Vectors in input order. `onProgress` counts the texts of this call, those that were known included. */
  vectorsOf(texts: readonly TaskText[], run: CheckedRun): Promise<TextVectors[]>
}

/** Creates the source over a network; `store` remembers beyond `cache`. */
export function createTextVectorSource(encode: EncodeTexts, cache: VectorCache, store?: VectorStore): TextVectorSource {
  /** Adds to `found` what the store keeps of the texts that are missing, and returns those that it does not. */
  async function loadKept(missing: Map<string, TaskText>, found: Map<string, TextVectors>): Promise<void> {
    if (!store || missing.size === 0) return
    const texts = [...missing]
    const kept = await store.load(texts.map(([key]) => key))
    kept.forEach((vectors, i) => {
      if (!vectors) return
      const [key, text] = texts[i]!
      found.set(key, vectors)
      cache.set(text, vectors)
      missing.delete(key)
    })
  }

  return {
    get cached() {
      return cache.size
    },
    async vectorsOf(texts, run) {
      if (run.signal?.aborted) throw run.signal.reason // `checkSignal` does not ask for throwIfAborted
      const keys: string[] = []
      for (const [i, text] of texts.entries()) keys.push(isRepeated(texts, i) ? keys[i - 2]! : keyOf(text))
      const found = new Map<string, TextVectors>()
      const missing = new Map<string, TaskText>()
      texts.forEach((text, i) => {
        const key = keys[i]!
        if (found.has(key) || missing.has(key)) return
        const known = cache.get(text)
        if (known) found.set(key, known)
        else missing.set(key, text)
      })
      await loadKept(missing, found)
      if (missing.size > 0) {
        const wanted = [...missing]
        const encoded = await encode(
          wanted.map(([, text]) => text),
          { ...run, onProgress: run.onProgress && shareOf(texts.length, wanted.length, run.onProgress) }
        )
        encoded.forEach((vectors, i) => {
          found.set(wanted[i]![0], vectors)
          cache.set(wanted[i]![1], vectors)
        })
        await store?.save(encoded.map((vectors, i) => [wanted[i]![0], vectors] as const))
      } else if (texts.length > 0) {
        run.onProgress?.({ done: texts.length, total: texts.length })
      }
      return keys.map((key) => found.get(key)!)
    }
  }
}

/** Whether a text is that of the pair before, as the query of `rank` is in each: building its key anew would cost more than its cosine. */
function isRepeated(texts: readonly TaskText[], i: number): boolean {
  const [text, before] = [texts[i]!, texts[i - 2]]
  return before?.text === text.text && before.taskId === text.taskId
}

/** Progress over all texts of a call of which only `encoded` are run: the others count as done. */
function shareOf(total: number, encoded: number, onProgress: NonNullable<CheckedRun['onProgress']>): typeof onProgress {
  return ({ done }) => onProgress({ done: total - encoded + done, total })
}
