import { MatcherError, messageOf, type StoredVectors } from '@sohu-match/core'
import { readBytes } from '@sohu-match/node'
import { checkLabels, isVector, joinVectors, requireSame, type VectorLabels } from './labels'

/** Columns: vector (list of float), task, model, modelHash. Throws `data-invalid`, `vectors-mismatch` and `storage`. */
export async function readParquet(path: string): Promise<StoredVectors> {
  const { parquetReadObjects } = await import('hyparquet') // an ES module: CommonJS callers load it only if needed
  const bytes = await readBytes(path, 'data-invalid')
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  const table = await parquetReadObjects({ file }).catch((cause: unknown) => {
    throw new MatcherError('data-invalid', `${path} cannot be read as Parquet (${messageOf(cause)}).`, { cause })
  })
  let first: VectorLabels | undefined
  const vectors = table.map((row, i) => {
    const { vector, ...rest } = row as Record<string, unknown>
    const place = `${path}, row ${i + 1}`
    if (!isVector(vector)) throw new MatcherError('data-invalid', `${place}: "vector" is not a list of numbers.`)
    const labels = checkLabels(rest, place)
    first ??= labels
    requireSame(first, labels, place)
    return vector
  })
  return joinVectors(vectors, first, path)
}
