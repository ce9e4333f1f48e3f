import { NEGLIGIBLE } from './int8'

/** Bits per value. */
export type BlockBits = 4 | 8

/**
 * Rows of values in blocks along the row, each with a float32 scale: value = (code - 2^(bits - 1)) · scale. Two codes
 * share a byte low half first, as `MatMulNBits` and `GatherBlockQuantized` of ONNX Runtime read them.
 */
export interface BlockMatrix {
  /** [rows, blocks, blockSize · bits / 8] */
  readonly codes: Uint8Array
  /** [rows, blocks] */
  readonly scales: Float32Array
}

/** Supported block sizes of ONNX Runtime; larger ones have fewer scales (4 bytes per block). */
const BLOCK_SIZES = { 8: [128, 64, 32, 16], 4: [32, 16] } as const

/** A shorter row is padded to this size. */
export const SMALLEST_BLOCK = 16

/** The largest block size that divides a row of `width` values, otherwise the smallest. */
export function blockSizeFor(width: number, bits: BlockBits): number {
  return BLOCK_SIZES[bits].find((size) => width % size === 0) ?? SMALLEST_BLOCK
}

export function blockCount(width: number, blockSize: number): number {
  return Math.ceil(width / blockSize)
}

/** matrix [rows, columns] -> [columns, rows]. */
export function transpose(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns
  const out = new Float32Array(matrix.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = matrix[row * columns + column]!
  }
  return out
}

/** Rounds matrix [rows, width] to blocks; a 4-bit block gets the scale with the least squared error of those tried. */
export function quantizeBlocks(matrix: Float32Array, width: number, bits: BlockBits, blockSize: number): BlockMatrix {
  const rows = matrix.length / width
  const blocks = blockCount(width, blockSize)
  const bytes = (blockSize * bits) / 8
  const codes = new Uint8Array(rows * blocks * bytes)
  const scales = new Float32Array(rows * blocks)
  for (let index = 0; index < scales.length; index++) {
    const row = Math.floor(index / blocks)
    const begin = row * width + (index % blocks) * blockSize
    const end = Math.min(begin + blockSize, (row + 1) * width)
    const extreme = largestOf(matrix, begin, end)
    if (Math.abs(extreme) < NEGLIGIBLE) scales[index] = 1
    else scales[index] = bits === 8 ? Math.abs(extreme) / 127 : bestScale(matrix, begin, end, extreme)
    packCodes({ matrix, begin, end }, scales[index]!, bits, codes.subarray(index * bytes, (index + 1) * bytes))
  }
  return { codes, scales }
}

/** The float32 values of codes and scales, [rows, width], to measure errors. */
export function dequantizeBlocks(
  { codes, scales }: BlockMatrix,
  width: number,
  bits: BlockBits,
  blockSize: number
): Float32Array {
  const blocks = blockCount(width, blockSize)
  return Float32Array.from({ length: (scales.length / blocks) * width }, (_, i) => {
    const index = Math.floor(i / width) * blocks + Math.floor((i % width) / blockSize)
    const place = index * blockSize + ((i % width) % blockSize)
    const code = bits === 8 ? codes[place]! : (codes[place >> 1]! >> (4 * (place & 1))) & 15
    return (code - 2 ** (bits - 1)) * scales[index]!
  })
}

/** The value of largest magnitude, with its sign. */
function largestOf(values: Float32Array, begin: number, end: number): number {
  let extreme = 0
  for (let i = begin; i < end; i++) if (Math.abs(values[i]!) > Math.abs(extreme)) extreme = values[i]!
  return extreme
}

/**
 * 4-bit codes reach from -8 to 7: the value of largest magnitude gets -8 (its scale has the opposite sign), or 7, or a
 * level between or beyond, whichever rounds the block best.
 */
function bestScale(values: Float32Array, begin: number, end: number, extreme: number): number {
  let best = { error: Infinity, scale: 0 }
  for (let levels = 6.5; levels <= 9; levels += 0.25) {
    for (const sign of [-1, 1]) {
      const scale = Math.fround((sign * extreme) / levels)
      const error = squaredError(values, begin, end, scale)
      if (error < best.error) best = { error, scale }
    }
  }
  return best.scale
}

function squaredError(values: Float32Array, begin: number, end: number, scale: number): number {
  const inverse = 1 / scale
  let sum = 0
  for (let i = begin; i < end; i++) {
    const off = level(values[i]! * inverse) * scale - values[i]!
    sum += off * off
  }
  return sum
}

function level(steps: number): number {
  const rounded = Math.floor(steps + 0.5)
  return rounded > 7 ? 7 : rounded < -8 ? -8 : rounded
}

/** Writes the codes of a block, two to a byte if they have 4 bits, the first in the low half; the code of 0 beyond `end`. */
function packCodes(
  { matrix, begin, end }: { matrix: Float32Array; begin: number; end: number },
  scale: number,
  bits: BlockBits,
  out: Uint8Array
): void {
  const inverse = 1 / scale
  const half = (i: number): number => (i < end ? 8 + level(matrix[i]! * inverse) : 8)
  const byte = (i: number): number => (i < end ? 128 + Math.floor(matrix[i]! / scale + 0.5) : 128)
  for (let i = 0; i < out.length; i++)
    out[i] = bits === 8 ? byte(begin + i) : half(begin + 2 * i) | (half(begin + 2 * i + 1) << 4)
}
