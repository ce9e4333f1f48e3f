import { crc32, deflateRawSync } from 'node:zlib'

/** First bytes of a pickle (protocol 2), as latin-1. */
export const START = '\x80\x02'

/** A value of 2^27 empty lists when expanded: each memo entry is a pair of the previous one. */
export function laugh(): string {
  const pairs = Array.from({ length: 27 }, (_, i) => `h${String.fromCharCode(i)}h${String.fromCharCode(i)}\x86\x94`)
  return `${START}]\x94${pairs.join('')}`
}

/** A zip archive with one deflated entry that claims a size, in its directory or (zip64) in an extra field of it. */
export function deflatedZip(content: Uint8Array, claimed: number): Uint8Array {
  const name = Buffer.from('x/data.pkl')
  const data = deflateRawSync(content, { level: 9 })
  const zip64 = claimed > 0xffffffff
  const extra = Buffer.alloc(zip64 ? 12 : 0)
  if (zip64) {
    extra.writeUInt16LE(1, 0)
    extra.writeUInt16LE(8, 2)
    extra.writeBigUInt64LE(BigInt(claimed), 4)
  }
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(45, 0)
  fields.writeUInt16LE(8, 4)
  fields.writeUInt32LE(crc32(content), 10)
  fields.writeUInt32LE(data.length, 14)
  fields.writeUInt32LE(zip64 ? 0xffffffff : claimed, 18)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name, data])
  fields.writeUInt16LE(extra.length, 24)
  const listing = Buffer.concat([Buffer.from('PK\x01\x02\x2d\x00', 'latin1'), fields, Buffer.alloc(14), name, extra])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(listing.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, listing, Buffer.from('PK\x05\x06', 'latin1'), end])
}
