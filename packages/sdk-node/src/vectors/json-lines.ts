import { MatcherError, type StoredVectors } from '@sohu-match/core'
import { linesOfFile } from '@sohu-match/node'
import { checkLabels, isVector, joinVectors, requireSame, type VectorLabels } from './labels'

/** Lines of { vector, task, model, modelHash }. Throws `data-invalid`, `vectors-mismatch` and `storage`. */
export async function readJsonLines(path: string): Promise<StoredVectors> {
  const vectors: Float32Array[] = []
  let first: VectorLabels | undefined
  for await (const { text, number } of linesOfFile(path)) {
    const place = `${path}:${number}`
    const { vector, ...rest } = parse(text, place)
    if (!isVector(vector)) throw new MatcherError('data-invalid', `${place}: "vector" is not a list of numbers.`)
    const labels = checkLabels(rest, place)
    first ??= labels
    requireSame(first, labels, place)
    vectors.push(Float32Array.from(vector))
  }
  return joinVectors(vectors, first, path)
}

function parse(text: string, place: string): { vector?: unknown } & Partial<Record<keyof VectorLabels, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as object
  } catch (cause) {
    throw new MatcherError('data-invalid', `${place}: this line is not JSON.`, { cause })
  }
}
