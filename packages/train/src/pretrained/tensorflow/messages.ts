import { readFields } from '../protobuf'

/** The entry of key "": number of data files and their byte order (tensor_bundle.proto, `BundleHeaderProto`). */
export interface BundleHeader {
  readonly shards: number
  readonly bigEndian: boolean
}

/** Location of a tensor (`BundleEntryProto`): `dtype` is a `DataType` number, `crc` the masked CRC-32C of its bytes. */
export interface BundleEntry {
  readonly dtype: number
  readonly shape: readonly number[]
  readonly shard: number
  readonly offset: number
  readonly size: number
  readonly crc: number
  /** Parts of a partitioned variable; 0 if the tensor is whole. */
  readonly slices: number
}

/** Throws a RangeError if the bytes end early. */
export function readHeader(bytes: Uint8Array): BundleHeader {
  const header = { shards: 0, bigEndian: false }
  readFields(bytes, {
    1: (reader) => {
      header.shards = reader.int32()
    },
    2: (reader) => {
      header.bigEndian = reader.int32() === 1
    }
  })
  return header
}

/** Throws a RangeError if the bytes end early. */
export function readEntry(bytes: Uint8Array): BundleEntry {
  const entry = { dtype: 0, shape: [] as number[], shard: 0, offset: 0, size: 0, crc: 0, slices: 0 }
  readFields(bytes, {
    1: (reader) => {
      entry.dtype = reader.int32()
    },
    2: (reader) => {
      entry.shape = readShape(reader.bytes())
    },
    3: (reader) => {
      entry.shard = reader.int32()
    },
    4: (reader) => {
      entry.offset = Number(reader.int64())
    },
    5: (reader) => {
      entry.size = Number(reader.int64())
    },
    6: (reader) => {
      entry.crc = reader.fixed32()
    },
    7: (reader) => {
      reader.bytes()
      entry.slices++
    }
  })
  return entry
}

/** `TensorShapeProto`: field 2 repeats a dimension, whose field 1 is its size. */
function readShape(bytes: Uint8Array): number[] {
  const shape: number[] = []
  readFields(bytes, {
    2: (reader) => {
      let size = 0
      readFields(reader.bytes(), {
        1: (dimension) => {
          size = Number(dimension.int64())
        }
      })
      shape.push(size)
    }
  })
  return shape
}
