import type { Matcher } from '@sohu-match/sdk-node'
import { untilStopped } from '../score/unscored-lines'

/** Texts that are embedded in one call: what is held in memory at once, beside the cache. */
const CHUNK = 512

/** A text and its vector [hidden]. */
export interface EmbeddedText {
  readonly text: string
  readonly vector: Float32Array
}

/**
 * The vectors of a stream of texts, in order, a few hundred at a time. Rejects as `embed` does, and with the signal's reason also while it
 * waits for a text.
 */
export async function* embedTexts(
  matcher: Pick<Matcher<string>, 'embed'>,
  texts: AsyncGenerator<string>,
  task: string,
  signal?: AbortSignal
): AsyncGenerator<EmbeddedText[]> {
  const embed = async (chunk: readonly string[]): Promise<EmbeddedText[]> => {
    const rows = await matcher.embed(chunk, task, { signal })
    const width = rows.length / chunk.length
    return chunk.map((text, i) => ({ text, vector: rows.subarray(i * width, (i + 1) * width) }))
  }
  let chunk: string[] = []
  for await (const text of signal ? untilStopped(texts, signal) : texts) {
    chunk.push(text)
    if (chunk.length < CHUNK) continue
    yield embed(chunk)
    chunk = []
  }
  if (signal?.aborted) throw signal.reason // the texts ended because of it
  if (chunk.length > 0) yield embed(chunk)
}
