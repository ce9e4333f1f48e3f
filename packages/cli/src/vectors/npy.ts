import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { guardWrites, type VectorFile } from './vector-file'

/** Bytes before the data: enough for any number of rows, and a multiple of 64 as the format requires. */
const HEADER_BYTES = 128

/** float32 rows. */
export interface NpyFile extends VectorFile {
  /** Of the rows written so far, without the header. */
  sha256(): string
}

/** Throws `storage`. */
export async function createNpy(path: string, width: number): Promise<NpyFile> {
  const temporary = `${path}.${process.pid}.partial`
  const guarded = guardWrites(path)
  const file = await guarded(() => open(temporary, 'wx'))
  const hash = createHash('sha256')
  let rows = 0
  await guarded(() => file.write(new Uint8Array(HEADER_BYTES)))
  return {
    async write(values) {
      rows += values.length / width
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      hash.update(bytes)
      await guarded(() => file.appendFile(bytes))
    },
    sha256: () => hash.copy().digest('hex'),
    finish: () =>
      guarded(async () => {
        await file.write(npyHeader(rows, width), 0, HEADER_BYTES, 0)
        await file.datasync()
        await file.close()
        await rename(temporary, path)
      }),
    async discard() {
      await file.close()
      await rm(temporary, { force: true })
    }
  }
}

/** The header of a C-ordered little-endian float32 array [rows, width] (numpy.lib.format, version 1.0). */
export function npyHeader(rows: number, width: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`
  const header = Buffer.alloc(HEADER_BYTES, ' ')
  header.set([0x93, ...Buffer.from('NUMPY'), 1, 0])
  header.writeUInt16LE(HEADER_BYTES - 10, 8)
  header.write(text, 10, 'latin1')
  header[HEADER_BYTES - 1] = 0x0a
  return header
}
