import { NEGLIGIBLE } from './int8'

/** Bits a value may take in blocks. */
export type BlockBits = 4 | 8

/**
 * Rows of values cut into blocks along the row, each with a float32 scale: value = (code - 2^(bits - 1)) · scale. Codes are packed low
 * half first where two share a byte, as `MatMulNBits` and `GatherBlockQuantized` of ONNX Runtime read them.
 */
export interface BlockMatrix {
  /** [rows, blocks, blockSize · bits / 8] */
  readonly codes: Uint8Array
  /** [rows, blocks] */
  readonly scales: Float32Array
}

/** Block sizes that ONNX Runtime knows and that we use; larger ones cost fewer bytes for scales (4 bytes a block). */
const BLOCK_SIZES = { 8: [128, 64, 32, 16], 4: [32, 16] } as const

/** Blocks are not smaller than this; a shorter row's end is padded. */
export const SMALLEST_BLOCK = 16

/** The largest block size for that many bits that divides a row of `width` values, else the smallest. */
export function blockSizeFor(width: number, bits: BlockBits): number {
  return BLOCK_SIZES[bits].find((size) => width % size === 0) ?? SMALLEST_BLOCK
}

/** Number of blocks in a row. */
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

/** Rounds matrix [rows, width] to blocks; each block's scale is the one of the tried ones with the least squared error. */
export function quantizeBlocks(matrix: Float32Array, width: number, bits: BlockBits, blockSize: number): BlockMatrix {
  const rows = matrix.length / width
  const blocks = blockCount(width, blockSize)
  const codes = new Uint8Array((rows * blocks * blockSize * bits) / 8)
  const scales = new Float32Array(rows * blocks)
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const begin = row * width + block * blockSize
      const values = matrix.subarray(begin, Math.min(begin + blockSize, (row + 1) * width))
      const index = row * blocks + block
      scales[index] = blockScale(values, bits)
      pack(values, scales[index]!, bits, codes.subarray((index * blockSize * bits) / 8, ((index + 1) * blockSize * bits) / 8))
    }
  }
  return { codes, scales }
}

/** The float32 values that codes and scales stand for, [rows, width]: what an error is measured on. */
export function dequantizeBlocks({ codes, scales }: BlockMatrix, width: number, bits: BlockBits, blockSize: number): Float32Array {
  const blocks = blockCount(width, blockSize)
  return Float32Array.from({ length: (scales.length / blocks) * width }, (_, i) => {
    const index = Math.floor(i / width) * blocks + Math.floor((i % width) / blockSize)
    const place = index * blockSize + ((i % width) % blockSize)
    const code = bits === 8 ? codes[place]! : (codes[place >> 1]! >> (4 * (place & 1))) & 15
    return (code - 2 ** (bits - 1)) * scales[index]!
  })
}

/**
 * 8 bits: largest magnitude / 127. 4 bits: codes reach from -8 to 7, so the value of largest magnitude takes the -8 (its scale has the
 * opposite sign) or a level inside, whichever rounds the block best.
 */
function blockScale(values: Float32Array, bits: BlockBits): number {
  const extreme = values.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
  if (Math.abs(extreme) < NEGLIGIBLE) return 1
  if (bits === 8) return Math.fround(Math.abs(extreme) / 127)
  let best = { error: Infinity, scale: 0 }
  for (let levels = 6.5; levels <= 9; levels += 0.25) {
    for (const sign of [-1, 1]) {
      const scale = Math.fround((sign * extreme) / levels)
      const error = squaredError(values, scale)
      if (error < best.error) best = { error, scale }
    }
  }
  return best.scale
}

function squaredError(values: Float32Array, scale: number): number {
  let sum = 0
  for (const value of values) sum += (level(value, scale, 4) * scale - value) ** 2
  return sum
}

/** The nearest whole multiple of the scale that the bits hold. */
function level(value: number, scale: number, bits: BlockBits): number {
  const half = 2 ** (bits - 1)
  return Math.min(half - 1, Math.max(-half, Math.round(value / scale)))
}

/** Codes of a block; places past the row's end get the code of 0. */
function pack(values: Float32Array, scale: number, bits: BlockBits, out: Uint8Array): void {
  const zero = 2 ** (bits - 1)
  const code = (i: number) => (i < values.length ? zero + level(values[i]!, scale, bits) : zero)
  for (let i = 0; i < out.length; i++) out[i] = bits === 8 ? code(i) : code(2 * i) | (code(2 * i + 1) << 4)
}
