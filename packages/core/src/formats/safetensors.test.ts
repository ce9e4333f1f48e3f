import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MatcherError } from '../errors'
import { halfToFloat } from './tensor-dtypes'
import { decodeSafetensors, encodeSafetensors, parseSafetensorsHeader, type NamedTensor } from './safetensors'

const shared = fileURLToPath(new URL('../../../../../shared/fixtures/', import.meta.url))

const tensors = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__'),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 })
    }),
    { selector: (tensor) => tensor.name, maxLength: 6 }
  )
  .map((specs) =>
    specs.map(({ name, shape }, index): NamedTensor => {
      const length = shape.reduce((product, size) => product * size, 1)
      return {
        name,
        shape,
        data: Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i + index) * 10 ** (index - 3)))
      }
    })
  )

/** A file of one tensor with the header given as text. */
function file(header: string, data: Uint8Array, claimed = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed), true)
  bytes.set(new TextEncoder().encode(header), 8)
  bytes.set(data, 8 + header.length)
  return bytes
}

function problem(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, 'model.safetensors')
  } catch (error) {
    expect(error).toBeInstanceOf(MatcherError)
    expect((error as MatcherError).code).toBe('checkpoint-invalid')
    return (error as MatcherError).message
  }
  throw new Error('the file was accepted')
}

describe('safetensors', () => {
  it('reads back what it wrote, bit for bit, whatever the names and shapes', () => {
    fc.assert(
      fc.property(tensors, (list) => {
        const bytes = encodeSafetensors(list, { format: 'pt' })
        const read = decodeSafetensors(bytes, 'x')
        expect([...read.keys()].sort()).toEqual(list.map((tensor) => tensor.name).sort())
        for (const { name, shape, data } of list) expect(read.get(name)).toEqual({ shape, data })
        expect(encodeSafetensors(list, { format: 'pt' })).toEqual(bytes)
        expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0)
        expect(parseSafetensorsHeader(bytes, bytes.length, 'x').metadata).toEqual({ format: 'pt' })
      })
    )
  })

  it('reads tensors from bytes that start at an odd place in memory', () => {
    const bytes = encodeSafetensors([{ name: 'w', shape: [2], data: Float32Array.of(1.5, -2) }])
    const moved = new Uint8Array(bytes.length + 1)
    moved.set(bytes, 1)
    expect([...decodeSafetensors(moved.subarray(1), 'x').get('w')!.data]).toEqual([1.5, -2])
  })

  it('never accepts, and never crashes on, a file cut short or with bytes changed in its header', () => {
    const bytes = encodeSafetensors([
      { name: 'a', shape: [3, 2], data: new Float32Array(6) },
      { name: 'b', shape: [1], data: new Float32Array(1) }
    ])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
        expect(problem(bytes.slice(0, length))).toContain('model.safetensors')
      })
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 29 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice()
        damaged[at]! ^= flip
        try {
          decodeSafetensors(damaged, 'x') // a changed letter of a name is not an error
        } catch (error) {
          expect((error as MatcherError).code).toBe('checkpoint-invalid')
        }
      })
    )
  })

  it('says what is wrong with a header', () => {
    const entry = (fields: string): Uint8Array => file(`{"w":{${fields}}}`, new Uint8Array(8))
    expect(problem(file('{}', new Uint8Array(0), 10_000_000_000))).toContain('claims 10000000000 bytes')
    expect(problem(file('{"w":', new Uint8Array(8)))).toContain('not JSON')
    expect(problem(file('[]', new Uint8Array(0)))).toContain('not a JSON object')
    expect(problem(entry('"dtype":"F7","shape":[2],"data_offsets":[0,8]'))).toContain('tensor "w" has dtype "F7"')
    expect(problem(entry('"dtype":"F32","shape":[3],"data_offsets":[0,8]'))).toContain(
      'has 8 bytes, and F32 [3] wants 12'
    )
    expect(problem(entry('"dtype":"F32","shape":[-2],"data_offsets":[0,8]'))).toContain('the shape [-2]')
    expect(problem(entry('"dtype":"F32","shape":[2],"data_offsets":[4,12]'))).toContain('a gap or an overlap')
    expect(problem(entry('"dtype":"F32","shape":[1],"data_offsets":[0,4]'))).toContain('end at byte')
    expect(problem(entry('"dtype":"F32","shape":[2],"data_offsets":[0,8,9]'))).toContain('the offsets [0,8,9]')
    const two = '"dtype":"F32","shape":[1],"data_offsets"'
    expect(problem(file(`{"a":{${two}:[0,4]},"b":{${two}:[0,4]}}`, new Uint8Array(4)))).toContain('a gap or an overlap')
  })

  it('widens halves, bfloats, doubles and integers', () => {
    const read = (dtype: string, data: ArrayBufferView, count: number): number[] => {
      const bytes = new Uint8Array(data.buffer)
      return [
        ...decodeSafetensors(
          file(`{"w":{"dtype":"${dtype}","shape":[${count}],"data_offsets":[0,${bytes.length}]}}`, bytes),
          'x'
        ).get('w')!.data
      ]
    }
    expect(read('F16', Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff), 4)).toEqual([1, -2, 2 ** -24, 65504])
    expect(read('BF16', Uint16Array.of(0x3f80, 0xc049), 2)).toEqual([1, -3.140625])
    expect(read('F64', Float64Array.of(0.1), 1)).toEqual([Math.fround(0.1)])
    expect(read('I64', BigInt64Array.of(-7n, 512n), 2)).toEqual([-7, 512])
    expect(read('U8', Uint8Array.of(0, 255), 2)).toEqual([0, 255])
    expect([halfToFloat(0x7c00), halfToFloat(0xfc00), halfToFloat(0x7e00)]).toEqual([Infinity, -Infinity, NaN])
  })

  it('refuses to write values that do not fill their shape, or one name twice', () => {
    const one = { name: 'w', shape: [2], data: new Float32Array(1) }
    expect(() => encodeSafetensors([one])).toThrow('has 1 values')
    const good = { ...one, data: new Float32Array(2) }
    expect(() => encodeSafetensors([good, good])).toThrow('distinct names')
  })

  describe.skipIf(!existsSync(shared))('on files written by the Python safetensors package', () => {
    it.each(['cln/weights.safetensors', 'roformer-tiny-hf/model.safetensors'])('reads %s', (path) => {
      const read = decodeSafetensors(readFileSync(shared + path), path)
      expect(read.size).toBeGreaterThan(30)
      for (const [, { data }] of read) expect(data.every(Number.isFinite)).toBe(true)
    })
  })
})
