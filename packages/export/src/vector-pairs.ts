import { MatcherError, type Example, type TaskSequence, type Tokenizer } from '@sohu-match/core'
import { batches } from './pairs'
import type { GraphRunner } from './session'

/** Labeled pairs for a bi-encoder: each text once for each of its tasks, shortest first. */
export interface TextPairs {
  readonly texts: readonly TaskSequence[]
  /** `a` and `b` are indices in `texts`. */
  readonly pairs: readonly { readonly a: number; readonly b: number; readonly task: number; readonly label: 0 | 1 }[]
}

/** Encodes texts as the SDKs do. Throws `data-invalid` for an example without a label. */
export function encodeTextPairs(examples: readonly Example[], tokenizer: Tokenizer, maxLength: number): TextPairs {
  const known = new Map<string, TaskSequence>()
  const sequenceOf = (text: string, taskId: number): TaskSequence => {
    const key = `${taskId} ${text}`
    const sequence = known.get(key) ?? { ...tokenizer.encode(text, undefined, maxLength), taskId }
    known.set(key, sequence)
    return sequence
  }
  const encoded = examples.map(({ a, b, task, label }) => {
    if (label === undefined)
      throw new MatcherError('data-invalid', 'The gate needs labels; a pair of the valid split has none.')
    return { a: sequenceOf(a, task), b: sequenceOf(b!, task), task, label }
  })
  const texts = [...known.values()].sort((one, other) => one.tokenIds.length - other.tokenIds.length)
  const place = new Map(texts.map((sequence, index) => [sequence, index]))
  return { texts, pairs: encoded.map((pair) => ({ ...pair, a: place.get(pair.a)!, b: place.get(pair.b)! })) }
}

/** The graph's vectors [texts, hidden]. */
export async function runTexts(graph: GraphRunner, texts: readonly TaskSequence[]): Promise<Float32Array> {
  const parts: Float32Array[] = []
  for (const batch of batches(texts)) parts.push(Float32Array.from(await graph.run(batch)))
  const vectors = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  parts.reduce((offset, part) => (vectors.set(part, offset), offset + part.length), 0)
  return vectors
}

/** Of row `i` of a [.., width] and row `j` of b [.., width]: the cosine, if both have length 1. */
export function rowProduct(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, width: number): number {
  let sum = 0
  for (let k = 0; k < width; k++) sum += a[i * width + k]! * b[j * width + k]!
  return sum
}
