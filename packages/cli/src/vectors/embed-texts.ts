import type { Matcher } from '@sohu-match/sdk-node'
import { untilStopped } from '../score/unscored-lines'

/** Texts embedded in one call, and held in memory besides the cache. */
const CHUNK = 512

/** `vector` is [hidden]. */
export interface EmbeddedText {
  readonly text: string
  readonly vector: Float32Array
}

/** Embeds texts in order, some hundreds at a time. Rejects as `embed`, and with the signal's reason while waiting. */
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
  if (signal?.aborted) throw signal.reason // the signal ended the texts
  if (chunk.length > 0) yield embed(chunk)
}
