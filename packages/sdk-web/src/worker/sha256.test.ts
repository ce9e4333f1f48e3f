import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Sha256 } from './sha256'

it('hashes the example of FIPS 180-4', () => {
  expect(new Sha256().update(new TextEncoder().encode('abc')).hex()).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  )
})

it("has Node's hash of any bytes, however they are split", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
      const hash = new Sha256()
      const expected = createHash('sha256')
      for (const chunk of chunks) {
        hash.update(chunk)
        expected.update(chunk)
      }
      expect(hash.hex()).toBe(expected.digest('hex'))
    })
  )
})

it("has Node's hash at every length around the ends of blocks", () => {
  const bytes = Uint8Array.from({ length: 260 }, (_, index) => index * 7)
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length)
    expect(new Sha256().update(part).hex(), `${length} bytes`).toBe(createHash('sha256').update(part).digest('hex'))
  }
})
