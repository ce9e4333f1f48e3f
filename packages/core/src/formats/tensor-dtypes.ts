/** Bytes per element, by the supported dtype names of safetensors. */
export const DTYPE_BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const

export type SafetensorsDtype = keyof typeof DTYPE_BYTES

export function isDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(DTYPE_BYTES, value)
}

/** The bytes of a typed array, without copying. All supported platforms are little-endian, like the format. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Converts little-endian bytes to float32; F32 shares the memory if it is aligned. */
export function widen(dtype: SafetensorsDtype, bytes: Uint8Array): Float32Array {
  const size = DTYPE_BYTES[dtype]
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice()
  const at = [aligned.buffer, aligned.byteOffset, aligned.length / size] as const
  switch (dtype) {
    case 'F32':
      return new Float32Array(...at)
    case 'F64':
      return Float32Array.from(new Float64Array(...at))
    case 'F16':
      return new Uint16Array(...at).reduce(halfInto, new Float32Array(at[2]))
    case 'BF16':
      return new Float32Array(Uint32Array.from(new Uint16Array(...at), (bits) => bits << 16).buffer)
    case 'I64':
      return Float32Array.from(new BigInt64Array(...at), Number)
    case 'I32':
      return Float32Array.from(new Int32Array(...at))
    case 'I16':
      return Float32Array.from(new Int16Array(...at))
    case 'I8':
      return Float32Array.from(new Int8Array(...at))
    default:
      return Float32Array.from(aligned)
  }
}

function halfInto(values: Float32Array, bits: number, index: number): Float32Array {
  values[index] = halfToFloat(bits)
  return values
}

/** The exact value of an IEEE 754 binary16 pattern. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24 // zero and subnormals
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
