import { BinaryReader } from '@bufbuild/protobuf/wire'
import { uncompress } from 'snappyjs'
import { damaged, guarded } from '../source'
import { maskedCrc32c } from '../../masked-crc'

/** Two block handles, zeros, and the magic number. */
const FOOTER_BYTES = 48
const MAGIC = 0xdb4775248b80fb57n
/** After each block: its compression and the masked CRC-32C of both. */
const TRAILER_BYTES = 5
const UNCOMPRESSED = 0
const SNAPPY = 1
/**
 * A block of a checkpoint's index has 4 KiB or one entry; a snappy block that claims more bytes than this is damaged.
 */
const MAX_BLOCK_BYTES = 1 << 26

/** Checks the magic number in a file's last bytes. */
export function isTable(end: Uint8Array): boolean {
  return end.length >= 8 && view(end.subarray(end.length - 8)).getBigUint64(0, true) === MAGIC
}

/**
 * Entries of a sorted string table (LevelDB's format, as in TensorFlow's checkpoints), keys as text. Checks every
 * block's checksum. Throws `checkpoint-invalid`.
 */
export function readTable(file: Uint8Array, source: string): Map<string, Uint8Array> {
  if (file.length < FOOTER_BYTES || !isTable(file)) {
    throw damaged(
      source,
      `its ${file.length} bytes do not end as a TensorFlow table does; it is truncated or something else`
    )
  }
  return guarded(source, 'the table', () => {
    const footer = new BinaryReader(file.subarray(file.length - FOOTER_BYTES))
    readBlock(file, readHandle(footer), source) // the meta-index, which checkpoints leave empty: checked, not needed
    const table = new Map<string, Uint8Array>()
    for (const [, handle] of blockEntries(readBlock(file, readHandle(footer), source), source)) {
      for (const [key, value] of blockEntries(readBlock(file, readHandle(new BinaryReader(handle)), source), source))
        table.set(key, value)
    }
    return table
  })
}

interface Handle {
  readonly offset: number
  readonly size: number
}

function readHandle(reader: BinaryReader): Handle {
  return { offset: Number(reader.uint64()), size: Number(reader.uint64()) }
}

function readBlock(file: Uint8Array, { offset, size }: Handle, source: string): Uint8Array {
  const end = offset + size
  if (end + TRAILER_BYTES > file.length)
    throw damaged(source, `a block lies at bytes ${offset} to ${end}, and the file has ${file.length}`)
  const content = file.subarray(offset, end)
  const stored = view(file).getUint32(end + 1, true)
  const found = maskedCrc32c(file.subarray(offset, end + 1))
  if (found !== stored) {
    throw damaged(
      source,
      `the block at byte ${offset} has the checksum ${hex(found)}, and ${hex(stored)} is wanted: its bytes changed, fetch it again`
    )
  }
  const compression = file[end]!
  if (compression === UNCOMPRESSED) return content
  if (compression === SNAPPY) return uncompress(content, MAX_BLOCK_BYTES)
  throw damaged(source, `the block at byte ${offset} has compression ${compression}; known are 0 (none) and 1 (snappy)`)
}

/** Each key shares its first bytes with the one before it. */
function* blockEntries(block: Uint8Array, source: string): Generator<[string, Uint8Array]> {
  const restarts = block.length >= 4 ? view(block).getUint32(block.length - 4, true) : Infinity
  const end = block.length - 4 - 4 * restarts
  if (!(end >= 0)) throw damaged(source, `a block of ${block.length} bytes claims ${restarts} restarts`)
  const reader = new BinaryReader(block.subarray(0, end))
  let key = new Uint8Array(0)
  while (reader.pos < end) {
    const [shared, own, length] = [reader.uint32(), reader.uint32(), reader.uint32()]
    if (shared > key.length || reader.pos + own + length > end)
      throw damaged(source, `an entry at byte ${reader.pos} of a block reaches beyond it`)
    const next = new Uint8Array(shared + own)
    next.set(key.subarray(0, shared))
    next.set(block.subarray(reader.pos, reader.pos + own), shared)
    key = next
    reader.pos += own + length
    yield [new TextDecoder().decode(key), block.subarray(reader.pos - length, reader.pos)]
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
