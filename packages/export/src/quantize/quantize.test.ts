import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockSizeFor, dequantizeBlocks, quantizeBlocks, transpose } from './blocks'
import { toHalf } from './half'
import { quantizeColumns, quantizeRows } from './int8'

/** The float64 value of float16 bits, from the definition in IEEE 754. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

const halfOf = (value: number) => toHalf(Float32Array.of(value))[0]!
const float = fc.float({ noNaN: true, min: -100, max: 100 })

describe('float16', () => {
  it('gives all 65,536 bit patterns back', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalf(bits)
      if (Number.isNaN(value)) expect(fromHalf(halfOf(value))).toBeNaN()
      else expect(halfOf(value)).toBe(bits)
    }
  })

  it('rounds to the nearest value, and halfway to the even one', () => {
    expect(fromHalf(halfOf(1 + 2 ** -11))).toBe(1)
    expect(fromHalf(halfOf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9)
    expect(fromHalf(halfOf(65519))).toBe(65504)
    expect(fromHalf(halfOf(65520))).toBe(Infinity)
    expect(fromHalf(halfOf(2 ** -25))).toBe(0)
    fc.assert(
      fc.property(float, (value) => {
        const bits = halfOf(value)
        const off = Math.abs(fromHalf(bits) - value)
        for (const other of [bits - 1, bits + 1])
          expect(off).toBeLessThanOrEqual(Math.abs(fromHalf(other & 0xffff) - value) || Infinity)
      })
    )
  })
})

describe('int8', () => {
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.array(float, { minLength: 1, maxLength: 6 }))
    .map(([columns, row]) => ({
      columns,
      data: Float32Array.from({ length: columns * row.length }, (_, i) => row[i % row.length]! * (1 + i))
    }))

  it('is off by at most half a step of the column or row', () => {
    fc.assert(
      fc.property(matrix, ({ columns, data }) => {
        const byColumn = quantizeColumns(data, columns)
        const byRow = quantizeRows(data, columns)
        data.forEach((value, i) => {
          const column = byColumn.scales[i % columns]!
          const row = byRow.scales[Math.floor(i / columns)]!
          // Half a step, and a float32 rounding of the scale.
          expect(Math.abs(byColumn.values[i]! * column - value)).toBeLessThanOrEqual(column * 0.5001)
          expect(Math.abs(byRow.values[i]! * row - value)).toBeLessThanOrEqual(row * 0.5001)
        })
      })
    )
  })

  it('keeps zeros, also a column of nothing else', () => {
    expect(quantizeColumns(Float32Array.of(0, 1, 0, -2), 2)).toEqual({
      values: Int8Array.of(0, 64, 0, -127),
      scales: Float32Array.of(1, 2 / 127)
    })
  })
})

describe('blocks', () => {
  it('takes the largest block that divides a row', () => {
    expect([blockSizeFor(384, 8), blockSizeFor(64, 8), blockSizeFor(48, 8), blockSizeFor(20, 8)]).toEqual([
      128, 64, 16, 16
    ])
    expect([blockSizeFor(384, 4), blockSizeFor(48, 4)]).toEqual([32, 16])
  })

  it('is off by at most half a step in 8 bits, and hardly more in 4', () => {
    fc.assert(
      fc.property(fc.array(float, { minLength: 40, maxLength: 40 }), (values) => {
        const data = Float32Array.from(values)
        for (const bits of [8, 4] as const) {
          const blocks = quantizeBlocks(data, 20, bits, 16)
          const back = dequantizeBlocks(blocks, 20, bits, 16)
          data.forEach((value, i) => {
            const scale = Math.abs(blocks.scales[2 * Math.floor(i / 20) + (i % 20 < 16 ? 0 : 1)]!)
            // 4 bits may clip the extreme of a block by 2 steps (levels down to 6.5 of 8) where that rounds the others better.
            expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(scale * (bits === 8 ? 0.5001 : 2.51))
          })
        }
      })
    )
  })

  it('packs the first of two 4-bit codes into the low half and fills the end of a row with the code of 0', () => {
    const { codes, scales } = quantizeBlocks(Float32Array.of(-8, 7, 0, 1), 4, 4, 16)
    expect(Array.from(codes.subarray(0, 3))).toEqual([0xf0, 0x98, 0x88])
    expect(scales).toEqual(Float32Array.of(1))
  })

  it('transposes', () => {
    expect(transpose(Float32Array.of(1, 2, 3, 4, 5, 6), 3)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6))
  })
})
