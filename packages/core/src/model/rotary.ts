/** cos and sin of position x theta_i, theta_i = 10000^(-2i/headSize): two row-major tables [length, headSize / 2]. */
export interface RotaryTables {
  readonly cos: Float32Array
  readonly sin: Float32Array
}

/** Computed in float64 and rounded once (RoFormer, arXiv:2104.09864, section 3.4.2). */
export function rotaryTables(length: number, headSize: number): RotaryTables {
  const half = headSize / 2
  const cos = new Float32Array(length * half)
  const sin = new Float32Array(length * half)
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * 10000 ** ((-2 * i) / headSize)
      cos[position * half + i] = Math.cos(angle)
      sin[position * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}
