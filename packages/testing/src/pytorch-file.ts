import { crc32, deflateRawSync } from 'node:zlib'

/** A zip archive of stored entries, as torch.save writes it (without its padding), or of deflated ones, as in a jar. */
export function zipBytes(entries: Readonly<Record<string, Uint8Array>>, { deflated = false } = {}): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(entries)) {
    const data = deflated ? deflateRawSync(content) : content
    const fields = Buffer.alloc(26) // version, flags, method, time, date, crc, sizes, name length, extra length
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(deflated ? 8 : 0, 4)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(content.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const central = Buffer.alloc(14) // comment length, disk, attributes, offset
    central.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, central, Buffer.from(name)]))
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), data])
    parts.push(local)
    offset += local.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(listing.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, listing, Buffer.from('PK\x05\x06', 'latin1'), end])
}

/** A tensor as a pickle names it: storage class and key, elements, offset, shape, strides. */
export interface PickledTensor {
  readonly storage: string
  readonly key: string
  readonly length: number
  readonly offset?: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

/** The pickle (protocol 2) of a state dict. */
export function stateDictPickle(tensors: Readonly<Record<string, PickledTensor>>): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('\x80\x02ccollections\nOrderedDict\n)R(', 'latin1')]
  for (const [name, { storage, key, length, offset = 0, shape, strides }] of Object.entries(tensors)) {
    parts.push(
      text(name),
      latin('ctorch._utils\n_rebuild_tensor_v2\n(('),
      text('storage'),
      latin(`ctorch\n${storage}\n`),
      text(key),
      text('cpu'),
      number(length),
      latin('tQ'),
      number(offset),
      tuple(shape),
      tuple(strides),
      latin('\x89ccollections\nOrderedDict\n)RtR')
    )
  }
  return Buffer.concat([...parts, latin('u.')])
}

function latin(code: string): Uint8Array {
  return Buffer.from(code, 'latin1')
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([latin('X'), length, bytes])
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(5)
  bytes.write('J')
  bytes.writeInt32LE(value, 1)
  return bytes
}

function tuple(values: readonly number[]): Uint8Array {
  return Buffer.concat([latin('('), ...values.map(number), latin('t')])
}
