import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../public-weights.fixtures'
import { openPyTorch } from './checkpoint'
import { readPickle, type PickleHooks } from './pickle'
import { stateDictPickle, zipBytes, type PickledTensor } from '@sohu-match/testing'

const path = join(temporaryFolder(), 'pytorch_model.bin')

/** The values of each tensor of a file with this pickle and these storages. */
async function read(
  pickle: Uint8Array,
  storages: Record<string, ArrayBufferView> = {},
  more: Record<string, Uint8Array> = {}
): Promise<Record<string, readonly number[]>> {
  const entries = Object.entries(storages).map(([key, { buffer, byteOffset, byteLength }]) => [
    `x/data/${key}`,
    new Uint8Array(buffer, byteOffset, byteLength)
  ])
  writeFileSync(
    path,
    zipBytes({ 'x/data.pkl': pickle, ...more, ...(Object.fromEntries(entries) as Record<string, Uint8Array>) })
  )
  const source = await openPyTorch(path)
  try {
    const values = await Promise.all(
      [...source.tensors.values()].map(async (tensor) => [tensor.name, [...(await tensor.read())]] as const)
    )
    return Object.fromEntries(values)
  } finally {
    await source.close()
  }
}

const refusal = (
  pickle: Uint8Array,
  storages?: Record<string, ArrayBufferView>,
  more?: Record<string, Uint8Array>
): Promise<string> =>
  read(pickle, storages, more).then(
    () => {
      throw new Error('the file was accepted')
    },
    (error: MatcherError) => {
      expect(error).toBeInstanceOf(MatcherError)
      expect(error.code).toBe('checkpoint-invalid')
      return error.message
    }
  )

const tensor = (storage: string, shape: number[], more: Partial<PickledTensor> = {}): PickledTensor => ({
  storage,
  key: '0',
  length: 4,
  shape,
  strides: shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)),
  ...more
})

describe('a PyTorch file', () => {
  it('gives floats of any width, and integers', async () => {
    const one = (storage: string, data: ArrayBufferView): Promise<unknown> =>
      read(stateDictPickle({ w: tensor(storage, [2, 2]) }), { 0: data })
    expect(await one('FloatStorage', Float32Array.of(1, -2, 0.1, 4))).toEqual({ w: [1, -2, Math.fround(0.1), 4] })
    expect(await one('HalfStorage', Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff))).toEqual({
      w: [1, -2, 2 ** -24, 65504]
    })
    expect(await one('BFloat16Storage', Uint16Array.of(0x3f80, 0xc049, 0, 0x4000))).toEqual({ w: [1, -3.140625, 0, 2] })
    expect(await one('DoubleStorage', Float64Array.of(0.1, 2, 3, 4))).toEqual({ w: [Math.fround(0.1), 2, 3, 4] })
    expect(await one('LongStorage', BigInt64Array.of(-7n, 512n, 0n, 1n))).toEqual({ w: [-7, 512, 0, 1] })
  })

  it('gives views of one storage: a part, a transposition, and the same tensor twice', async () => {
    const storage = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7)
    const view = (more: Partial<PickledTensor>): PickledTensor => tensor('FloatStorage', [2, 3], { length: 8, ...more })
    expect(
      await read(
        stateDictPickle({
          part: view({ offset: 2 }),
          transposed: view({ strides: [1, 2] }),
          tied: view({}),
          again: view({}),
          empty: view({ shape: [0, 3] })
        }),
        { 0: storage }
      )
    ).toEqual({
      part: [2, 3, 4, 5, 6, 7],
      transposed: [0, 2, 4, 1, 3, 5],
      tied: [0, 1, 2, 3, 4, 5],
      again: [0, 1, 2, 3, 4, 5],
      empty: []
    })
  })

  it('that names any function but those of weights is refused before it is used: os.system', async () => {
    const evil = Buffer.from('\x80\x02cos\nsystem\nX\x10\x00\x00\x00touch /tmp/owned\x85R.', 'latin1')
    expect(await refusal(evil)).toMatch(
      /pytorch_model\.bin: the pickle names os\.system; only .*torch\._utils\._rebuild_tensor_v2/
    )
    const short = Buffer.from('\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93.', 'latin1')
    expect(await refusal(short)).toContain('names posix.system')
    expect(await refusal(Buffer.from('\x80\x02c__builtin__\neval\n.', 'latin1'))).toContain('names __builtin__.eval')
    expect(await refusal(Buffer.from('\x80\x02(i__main__\nx\n.', 'latin1'))).toContain('opcode 0x69')
  })

  it('whose tensors reach beyond their storage, or whose storages have other sizes, is refused', async () => {
    const four = { 0: new Float32Array(4) }
    expect(await refusal(stateDictPickle({ w: tensor('FloatStorage', [2, 3]) }), four)).toContain(
      'tensor "w" [2, 3] reaches element 6 of a storage of 4'
    )
    expect(await refusal(stateDictPickle({ w: tensor('FloatStorage', [2], { offset: 3 }) }), four)).toContain(
      'reaches element 5'
    )
    expect(await refusal(stateDictPickle({ w: tensor('DoubleStorage', [2, 2]) }), four)).toContain(
      'has 16 bytes, and 4 of F64 want 32'
    )
    expect(await refusal(stateDictPickle({ w: tensor('FloatStorage', [2, 2], { key: '../1' }) }), four)).toContain(
      'has no bytes'
    )
    expect(await refusal(stateDictPickle({ w: tensor('FloatStorage', [-2, 2]) }), four)).toContain('make no tensor')
    expect(await refusal(stateDictPickle({ w: tensor('QUInt8Storage', [2, 2]) }), four)).toContain(
      'names torch.QUInt8Storage'
    )
    expect(
      await refusal(stateDictPickle({ w: tensor('FloatStorage', [2, 2]) }), four, { 'x/byteorder': Buffer.from('big') })
    ).toContain('byte order is "big"')
  })

  it('of the format before PyTorch 1.6, or of something else, is refused', async () => {
    writeFileSync(path, Buffer.from('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.', 'latin1'))
    await expect(openPyTorch(path)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('older than 1.6')
    })
    expect(await refusal(Buffer.from('\x80\x02K\x01.', 'latin1'))).toContain('holds no state dict')
    expect(await refusal(Buffer.from('\x80\x02}X\x01\x00\x00\x00aK\x01s.', 'latin1'))).toContain(
      'entry "a" is not a tensor'
    )
  })

  it('never makes the pickle reader throw anything but a coded error, whatever its bytes', () => {
    const hooks: PickleHooks = { globals: new Set(['a.b']), persistent: () => null, reduce: () => null }
    const good = stateDictPickle({ w: tensor('FloatStorage', [2, 2]) })
    const attempt = (bytes: Uint8Array): void => {
      try {
        readPickle(bytes, 'x', hooks)
      } catch (error) {
        expect(error).toBeInstanceOf(MatcherError)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), attempt), { numRuns: 2000 })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) =>
        attempt(Uint8Array.from(good, (value, i) => (i === at ? byte : value)))
      )
    )
  })
})
