import { ByteFile, readBytes } from '@sohu-match/node'
import { decodeTensor, DTYPE_BYTES, elementCount, type SafetensorsDtype } from '@sohu-match/core'
import { damaged, guarded, type SourceTensor, type TensorSource } from '../source'
import { maskedCrc32c } from '../../masked-crc'
import { readEntry, readHeader, type BundleEntry } from './messages'
import { readTable } from './table'

/** Readable `DataType` numbers (types.proto). */
const DTYPES: Readonly<Record<number, SafetensorsDtype>> = {
  1: 'F32',
  2: 'F64',
  3: 'I32',
  4: 'U8',
  5: 'I16',
  6: 'I8',
  9: 'I64',
  10: 'BOOL',
  14: 'BF16',
  19: 'F16'
}
const STRING = 7

/**
 * A TensorFlow checkpoint of the V2 format, written by TensorFlow 1 and 2: `prefix.index` is a table of messages, the
 * values are in `prefix.data-00000-of-00001` and so on. A tensor's CRC-32C is checked when it is read. Throws
 * `checkpoint-invalid`.
 */
export async function openTensorFlow(index: string): Promise<TensorSource> {
  const prefix = index.slice(0, -'.index'.length)
  const table = readTable(await readBytes(index, 'checkpoint-invalid'), index)
  const first = table.get('')
  if (!first) throw damaged(index, 'the table has no header entry')
  const header = guarded(index, 'the header', () => readHeader(first))
  if (header.bigEndian)
    throw damaged(index, 'it was written on a big-endian machine, which is not supported; save it again on another')
  if (header.shards < 1 || header.shards > 99_999) throw damaged(index, `it claims ${header.shards} data files`)
  const paths = Array.from(
    { length: header.shards },
    (_, i) => `${prefix}.data-${number(i)}-of-${number(header.shards)}`
  )
  const shards: ByteFile[] = []
  const close = async (): Promise<void> => shards.forEach((shard) => shard.close())
  try {
    for (const path of paths) shards.push(ByteFile.open(path))
    const tensors = new Map<string, SourceTensor>()
    for (const [name, bytes] of table) {
      if (name === '') continue
      const entry = guarded(index, `the entry of tensor "${name}"`, () => readEntry(bytes))
      if (entry.dtype === STRING) continue // a string describes Python objects, not weights
      tensors.set(name, sourceTensor(name, entry, shards, index))
    }
    return { files: [index, ...paths], tensors, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

function sourceTensor(name: string, entry: BundleEntry, shards: readonly ByteFile[], index: string): SourceTensor {
  const { shape, offset, size, crc } = entry
  const dtype = DTYPES[entry.dtype]
  const shard = shards[entry.shard]
  const tensor = `tensor "${name}"`
  if (!dtype)
    throw damaged(
      index,
      `${tensor} has TensorFlow's data type ${entry.dtype}; known are ${Object.keys(DTYPES).join(', ')}`
    )
  if (!shard) throw damaged(index, `${tensor} lies in data file ${entry.shard}, and there are ${shards.length}`)
  if (entry.slices > 0)
    throw damaged(
      index,
      `${tensor} is partitioned into ${entry.slices} slices; save the checkpoint again without a partitioner`
    )
  const wanted = elementCount(shape) * DTYPE_BYTES[dtype]
  if (shape.some((length) => length < 0) || size !== wanted)
    throw damaged(index, `${tensor} has ${size} bytes, and ${dtype} [${shape.join(', ')}] wants ${wanted}`)
  if (offset < 0 || offset + size > shard.size) {
    throw damaged(
      shard.path,
      `${tensor} lies at bytes ${offset} to ${offset + size}, and the file has ${shard.size}; it is cut short, fetch it again`
    )
  }
  return {
    name,
    shape,
    dtype,
    read: async () => {
      const bytes = shard.read(offset, size, tensor)
      const found = maskedCrc32c(bytes)
      if (found !== crc) {
        throw damaged(
          shard.path,
          `${tensor} has the checksum 0x${found.toString(16)}, and the index wants 0x${crc.toString(16)}: its bytes changed, fetch it again`
        )
      }
      return decodeTensor({ dtype, shape }, bytes).data
    }
  }
}

function number(index: number): string {
  return String(index).padStart(5, '0')
}
