import { crc32 } from 'node:zlib'
import { fileSize } from '@sohu-match/node'
import { open, type Entry, type ZipFile } from 'yauzl'
import { damaged } from '../source'

/** A zip archive whose entries are read one at a time. */
export interface Archive {
  /** Bytes by entry name. */
  readonly sizes: ReadonlyMap<string, number>
  /** Checks the CRC-32. A compressed entry may have `largest` bytes (default: 16 MiB). Throws `checkpoint-invalid`. */
  readonly read: (name: string, largest?: number) => Promise<Uint8Array>
  readonly close: () => Promise<void>
}

/** In bytes; a pickle that describes thousands of tensors has less than 1 MiB. */
const LARGEST_COMPRESSED = 2 ** 24

/** Reads the directory of a zip archive (zip64 too). Throws `checkpoint-invalid`. */
export async function openArchive(path: string): Promise<Archive> {
  const archiveSize = await fileSize(path, 'checkpoint-invalid') // a pipe would block the zip library forever
  const refuse = (cause: unknown): never => {
    throw damaged(
      path,
      `is not a complete zip archive (${(cause as Error).message}): it is damaged, or of a PyTorch older than 1.6; fetch or save it again`,
      cause
    )
  }
  const zip = await openZip(path).catch(refuse)
  const entries = await readEntries(zip).catch((cause: unknown) => {
    zip.close()
    return refuse(cause)
  })
  return {
    sizes: new Map([...entries].map(([name, entry]) => [name, entry.uncompressedSize])),
    read: async (name, largest = LARGEST_COMPRESSED) => {
      const entry = entries.get(name)
      if (!entry) throw damaged(path, `the archive has no entry "${name}"`)
      requireBounded(path, entry, entry.compressedSize === entry.uncompressedSize ? archiveSize : largest)
      const bytes = await readEntry(zip, entry).catch(refuse)
      const found = crc32(bytes)
      if (found === entry.crc32) return bytes
      throw damaged(
        path,
        `entry "${name}" has the CRC-32 0x${found.toString(16)}, and 0x${entry.crc32.toString(16)} is wanted; fetch the file again`
      )
    },
    close: () => Promise.resolve(zip.close())
  }
}

/**
 * Rejects an entry that claims too many bytes, before memory is allocated: a stored entry, as `torch.save` writes them,
 * is no larger than the archive; a compressed one could claim or inflate to anything.
 */
function requireBounded(path: string, { fileName, compressedSize, uncompressedSize }: Entry, limit: number): void {
  if (uncompressedSize <= limit) return
  const stored = compressedSize === uncompressedSize
  throw damaged(
    path,
    `entry "${fileName}" claims ${uncompressedSize} bytes, ${stored ? 'and the whole archive has' : 'and a compressed one may have'} ` +
      `${limit}; torch.save does not compress, so save or fetch the file again`
  )
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true, autoClose: false }, (error, zip) => (error ? reject(error) : resolve(zip)))
  })
}

function readEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>()
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry)
      zip.readEntry()
    })
    zip.on('end', () => resolve(entries))
    zip.on('error', reject)
    zip.readEntry()
  })
}

function readEntry(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) return reject(error)
      const bytes = new Uint8Array(entry.uncompressedSize) // yauzl limits the stream to this size
      let done = 0
      stream.on('data', (chunk: Uint8Array) => {
        bytes.set(chunk, done)
        done += chunk.length
      })
      stream.on('end', () => resolve(bytes))
      stream.on('error', reject)
    })
  })
}
