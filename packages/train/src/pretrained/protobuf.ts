import { BinaryReader } from '@bufbuild/protobuf/wire'

/** Passes each known field of a message to its reader, skipping others. Throws a RangeError if the bytes end early. */
export function readFields(bytes: Uint8Array, fields: Readonly<Record<number, (reader: BinaryReader) => void>>): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    const read = fields[field]
    if (read) read(reader)
    else reader.skip(wireType, field)
  }
}
