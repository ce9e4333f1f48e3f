import { describe, expect, it } from 'vitest'
import { externalLocations } from './external-data'
import { tinyGraph } from '@sohu-match/testing'

const bytes = (number: number, ...parts: Uint8Array[]): Uint8Array => {
  const body = Buffer.concat(parts)
  expect(body.length).toBeLessThan(128)
  return Uint8Array.of(number * 8 + 2, body.length, ...body)
}
const text = (number: number, value: string): Uint8Array => bytes(number, Buffer.from(value))
const tensor = (number: number, location: string): Uint8Array =>
  bytes(
    number,
    text(8, 'weights'),
    bytes(13, text(1, 'location'), text(2, location)),
    bytes(13, text(1, 'offset'), text(2, '0'))
  )

describe('externalLocations', () => {
  it('finds none in a graph that holds its weights', () => {
    expect(externalLocations(tinyGraph(), 'model.onnx')).toEqual(new Set())
  })

  it('finds the files of initializers, of attributes, and of graphs inside nodes', () => {
    const inner = bytes(6, tensor(5, 'inner.data'))
    const node = bytes(1, text(4, 'If'), Uint8Array.from(Buffer.concat([Uint8Array.of(42, inner.length), inner])))
    const constant = bytes(1, text(4, 'Constant'), bytes(5, tensor(5, 'constant.data')))
    const graph = bytes(7, tensor(5, '/etc/passwd'))
    expect(externalLocations(graph, 'm')).toEqual(new Set(['/etc/passwd']))
    expect(externalLocations(bytes(7, node), 'm')).toEqual(new Set(['inner.data']))
    expect(externalLocations(bytes(7, constant), 'm')).toEqual(new Set(['constant.data']))
  })

  it.each([
    ['text', Buffer.from('[PAD]\n[UNK]')],
    ['a length beyond the end', Uint8Array.of(7 * 8 + 2, 100, 1)],
    ['an endless number', new Uint8Array(40).fill(255)]
  ])('refuses %s', (_, damaged) => {
    expect(() => externalLocations(damaged, 'm.onnx')).toThrow(
      expect.objectContaining({ code: 'asset-corrupt', message: expect.stringContaining('m.onnx') })
    )
  })
})
