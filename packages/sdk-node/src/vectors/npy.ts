import { createHash } from 'node:crypto'
import { MatcherError, type StoredVectors } from '@sohu-match/core'
import { readBytes, readJson } from '@sohu-match/node'
import { checkLabels, type VectorLabels } from './labels'

/**
 * float32 [texts, hidden]; NAME.npy.json has labels and the SHA-256 of the numbers. Throws `data-invalid`, `storage`.
 */
export async function readNpy(path: string): Promise<StoredVectors> {
  const [bytes, json] = await Promise.all([
    readBytes(path, 'data-invalid'),
    readJson(`${path}.json`, 'data-invalid', 'data-invalid') as Promise<
      Partial<Record<keyof VectorLabels | 'sha256', unknown>>
    >
  ])
  const labels = checkLabels(json ?? {}, `${path}.json`)
  const { start, texts, hidden } = readHeader(bytes, path)
  const data = bytes.subarray(start)
  if (data.length !== 4 * texts * hidden)
    throw new MatcherError(
      'data-invalid',
      `${path} is cut short or damaged: ${data.length} bytes are not ${texts} x ${hidden} float32.`
    )
  if (createHash('sha256').update(data).digest('hex') !== json.sha256)
    throw new MatcherError(
      'data-invalid',
      `${path} does not hold the vectors that ${path}.json describes; write both again with \`sohu-match embed\`.`
    )
  const { model, modelHash, task } = labels
  return { model, modelHash, task, hidden, rows: new Float32Array(Uint8Array.from(data).buffer) }
}

/** The shape, and the offset of the numbers (numpy.lib.format, versions 1 to 3). */
function readHeader(bytes: Uint8Array, path: string): { start: number; texts: number; hidden: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isNpy = bytes.length > 12 && Buffer.from(bytes.subarray(0, 6)).toString('latin1') === '\x93NUMPY'
  const prefix = isNpy && bytes[6] === 1 ? 10 : 12
  const start = isNpy ? prefix + (prefix === 10 ? view.getUint16(8, true) : view.getUint32(8, true)) : 0
  const header = Buffer.from(bytes.subarray(0, start)).toString('latin1')
  const shape = /'shape': \((\d+), (\d+)\)/.exec(header)
  if (!shape || !header.includes("'descr': '<f4'") || !header.includes("'fortran_order': False"))
    throw new MatcherError(
      'data-invalid',
      `${path} is not a NumPy array of float32 rows; write it with \`sohu-match embed\`.`
    )
  return { start, texts: Number(shape[1]), hidden: Number(shape[2]) }
}
