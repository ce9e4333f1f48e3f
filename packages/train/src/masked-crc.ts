import CRC32C from 'crc-32/crc32c.js'

/** CRC-32C, rotated and offset as TensorFlow stores it (lib/hash/crc32c.h). */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = CRC32C.buf(bytes) >>> 0
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
