/**
 * Writes checkpoints as TensorFlow does, to test and time the reader with: tables of several blocks, with snappy or without, any number of
 * data files.
 */
import { open } from 'node:fs/promises'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { compress } from 'snappyjs'
import { maskedCrc32c } from '../src/masked-crc'

/** A tensor to write; its values are made when its turn comes. */
export interface TensorToWrite {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: () => Float32Array
}

/** How the table is written: bytes of a block before it is closed, and whether blocks are compressed. */
export interface TableOptions {
  readonly snappy?: boolean
  readonly blockBytes?: number
}

/** Keys between two that are written whole. */
const RESTART_EVERY = 16
const MAGIC = 0xdb4775248b80fb57n

/** Writes `prefix.index` and `prefix.data-…` with float32 tensors, dealt out over `shards` data files. */
export async function writeTensorFlow(
  prefix: string,
  tensors: readonly TensorToWrite[],
  { shards = 1, ...table }: TableOptions & { readonly shards?: number } = {}
): Promise<void> {
  const number = (value: number): string => String(value).padStart(5, '0')
  const files = await Promise.all(
    Array.from({ length: shards }, (_, i) => open(`${prefix}.data-${number(i)}-of-${number(shards)}`, 'w'))
  )
  const offsets = files.map(() => 0)
  const entries: [string, Uint8Array][] = [['', new BinaryWriter().tag(1, 0).int32(shards).finish()]]
  for (const [i, { name, shape, values }] of tensors.entries()) {
    const shard = i % shards
    const data = values()
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    await files[shard]!.writeFile(bytes)
    const checksum = new BinaryWriter().tag(6, 5).fixed32(maskedCrc32c(bytes)).finish()
    entries.push([name, Buffer.concat([bundleEntry(shape, shard, offsets[shard]!, bytes.length), checksum])])
    offsets[shard]! += bytes.length
  }
  await Promise.all(files.map((file) => file.close()))
  const index = await open(`${prefix}.index`, 'w')
  await index.writeFile(tableBytes(entries, table))
  await index.close()
}

/** A BundleEntryProto without checksum: where a tensor is in which data file. `dtype` 1 is float32. */
export function bundleEntry(
  shape: readonly number[],
  shard: number,
  offset: number,
  size: number,
  dtype = 1
): Uint8Array {
  const writer = new BinaryWriter().tag(1, 0).int32(dtype).tag(2, 2).fork()
  for (const length of shape) writer.tag(2, 2).fork().tag(1, 0).int64(length).join()
  return writer.join().tag(3, 0).int32(shard).tag(4, 0).int64(offset).tag(5, 0).int64(size).finish()
}

/** A sorted string table of these entries (LevelDB's table_format.md). */
export function tableBytes(
  entries: readonly (readonly [string, Uint8Array])[],
  { snappy = false, blockBytes = 4096 }: TableOptions = {}
): Uint8Array {
  const sorted = entries
    .map(([key, value]) => [new TextEncoder().encode(key), value] as const)
    .sort(([a], [b]) => Buffer.compare(a, b))
  const parts: Uint8Array[] = []
  let offset = 0
  const put = (block: Uint8Array): Uint8Array => {
    // gives the block's handle
    const content = snappy ? compress(block) : block
    const framed = new Uint8Array(content.length + 5)
    framed.set(content)
    framed[content.length] = snappy ? 1 : 0
    new DataView(framed.buffer).setUint32(
      content.length + 1,
      maskedCrc32c(framed.subarray(0, content.length + 1)),
      true
    )
    parts.push(framed)
    const handle = new BinaryWriter().uint64(offset).uint64(content.length).finish()
    offset += framed.length
    return handle
  }
  const index: [Uint8Array, Uint8Array][] = []
  for (const block of cut(sorted, blockBytes)) index.push([block.at(-1)![0], put(blockBytesOf(block))])
  const handles = [put(blockBytesOf([])), put(blockBytesOf(index))]
  const footer = new Uint8Array(48)
  footer.set(Buffer.concat(handles))
  new DataView(footer.buffer).setBigUint64(40, MAGIC, true)
  return Buffer.concat([...parts, footer])
}

type Entries = (readonly [Uint8Array, Uint8Array])[]

function cut(entries: Entries, limit: number): Entries[] {
  const blocks: Entries[] = [[]]
  let size = 0
  for (const entry of entries) {
    if (size > limit) {
      blocks.push([])
      size = 0
    }
    blocks.at(-1)!.push(entry)
    size += entry[0].length + entry[1].length
  }
  return blocks
}

function blockBytesOf(entries: Entries): Uint8Array {
  const restarts: number[] = [0]
  const parts: Uint8Array[] = []
  let offset = 0
  let previous = new Uint8Array(0)
  entries.forEach(([key, value], i) => {
    let shared = 0
    if (i % RESTART_EVERY !== 0) while (shared < previous.length && previous[shared] === key[shared]) shared++
    else if (i > 0) restarts.push(offset)
    const head = new BinaryWriter()
      .uint32(shared)
      .uint32(key.length - shared)
      .uint32(value.length)
      .finish()
    parts.push(head, key.subarray(shared), value)
    offset += head.length + key.length - shared + value.length
    previous = Uint8Array.from(key)
  })
  return Buffer.concat([...parts, new Uint8Array(Uint32Array.from([...restarts, restarts.length]).buffer)])
}
