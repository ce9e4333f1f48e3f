import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DTYPE_BYTES, encodeSafetensors, type NamedTensor, type SafetensorsDtype } from '@sohu-match/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './public-weights.fixtures'
import { openSafetensors } from './safetensors'

const path = join(temporaryFolder(), 'model.safetensors')

/** The values of every tensor of the file at `path`. */
async function readAll(): Promise<Map<string, Float32Array>> {
  const source = await openSafetensors(path)
  const values = new Map<string, Float32Array>()
  for (const [name, { read }] of source.tensors) values.set(name, await read())
  await source.close()
  return values
}

/** The numbers in bytes of a dtype, decoded in another way than in core: by moving bits, or by DataView. */
const MEANING: Readonly<Record<SafetensorsDtype, (view: DataView, at: number) => number>> = {
  F64: (view, at) => Math.fround(view.getFloat64(at, true)),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => halfBits(view.getUint16(at, true)),
  BF16: (view, at) => floatOf(view.getUint16(at, true) << 16),
  I64: (view, at) => Math.fround(Number(view.getBigInt64(at, true))),
  I32: (view, at) => Math.fround(view.getInt32(at, true)),
  I16: (view, at) => view.getInt16(at, true),
  I8: (view, at) => view.getInt8(at),
  U8: (view, at) => view.getUint8(at),
  BOOL: (view, at) => view.getUint8(at)
}

function floatOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setInt32(0, bits)
  return view.getFloat32(0)
}

/** A half as a float of other exponent bias; a subnormal one is the difference of two normal numbers. */
function halfBits(bits: number): number {
  const sign = (bits & 0x8000) << 16
  const rest = bits & 0x7fff
  if (rest < 0x400) return (sign ? -1 : 1) * (floatOf((113 << 23) | (rest << 13)) - 2 ** -14)
  return floatOf(sign | (rest >= 0x7c00 ? 0x7f800000 | ((rest & 0x3ff) << 13) : (rest << 13) + (112 << 23)))
}

describe('a safetensors file that is streamed', () => {
  it('reads back what was written, whatever the names, shapes and values', async () => {
    const tensors = fc.uniqueArray(
      fc.record({
        name: fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__metadata__'),
        data: fc.float32Array({ maxLength: 12 })
      }),
      { selector: ({ name }) => name, maxLength: 5 }
    )
    await fc.assert(
      fc.asyncProperty(tensors, async (list) => {
        const named = list.map(({ name, data }): NamedTensor => ({ name, data, shape: [data.length, 1] }))
        writeFileSync(path, encodeSafetensors(named))
        expect(await readAll()).toEqual(new Map(list.map(({ name, data }) => [name, data])))
      }),
      { numRuns: 50 }
    )
  })

  it.each(Object.keys(DTYPE_BYTES) as SafetensorsDtype[])('gives the values of any bits of %s', async (dtype) => {
    const width = DTYPE_BYTES[dtype]
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: width, maxLength: 16 * width }), async (random) => {
        const bytes = random.slice(0, random.length - (random.length % width))
        const count = bytes.length / width
        const header = `{"w":{"dtype":"${dtype}","shape":[${count}],"data_offsets":[0,${bytes.length}]}}`
        const length = Buffer.alloc(8)
        length.writeBigUInt64LE(BigInt(header.length))
        writeFileSync(path, Buffer.concat([length, Buffer.from(header), bytes]))
        const view = new DataView(bytes.buffer, bytes.byteOffset)
        expect((await readAll()).get('w')).toEqual(
          Float32Array.from({ length: count }, (_, i) => MEANING[dtype](view, i * width))
        )
      }),
      { numRuns: 40 }
    )
  })
})
