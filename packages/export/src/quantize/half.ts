/** Bits of the nearest float16 (ties to even); infinity beyond its range, as in IEEE 754. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = halfBits(bits[i]!)
  return out
}

/** float16 bits of float32 bits: 1 sign, 5 exponent (bias 15) and 10 fraction bits from 1, 8 (bias 127) and 23. */
// prettier-ignore
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00                          // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00                         // 65536 and more
  if (magnitude < 0x33000000) return sign                                   // below half the smallest subnormal, 2^-25
  const exponent = magnitude >>> 23
  const shift = exponent < 113 ? 126 - exponent : 13                        // subnormal below 2^-14
  const fraction = exponent < 113 ? (magnitude & 0x7fffff) | 0x800000 : magnitude - (112 << 23)
  const kept = fraction >>> shift
  const rest = fraction & ((1 << shift) - 1)
  const middle = 1 << (shift - 1)
  const up = rest > middle || (rest === middle && (kept & 1) === 1)
  return sign | (kept + (up ? 1 : 0))                                       // a carry grows the exponent, up to infinity
}
