import { MatcherError } from '@sohu-match/core'

/** Fields of ONNX's messages that lead to a tensor, by field number (onnx.proto3). */
const FIELDS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  entry: {}
}

const LENGTH_DELIMITED = 2
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

/** Names of the files from which a graph reads weights (`external_data` of its tensors). Throws `asset-corrupt`. */
export function externalLocations(graph: Uint8Array, file: string): Set<string> {
  const locations = new Set<string>()
  const text = (from: number, to: number): string => new TextDecoder().decode(graph.slice(from, to))

  function varint(at: number): [value: number, end: number] {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = graph[at++]
      if (byte === undefined || scale > 2 ** 63) throw corrupt(file)
      value += (byte & 127) * scale
      if (byte < 128) return [value, at]
    }
  }

  function read(message: string, from: number, end: number): void {
    const strings: Record<number, string> = {}
    for (let at = from; at < end;) {
      const [key, start] = varint(at)
      const [field, wire] = [Math.floor(key / 8), key % 8]
      const [value, next] = wire === LENGTH_DELIMITED || wire === 0 ? varint(start) : [0, start]
      at = wire === LENGTH_DELIMITED ? next + value : next + (FIXED_BYTES[wire] ?? 0)
      if (at > end || ![0, 1, 2, 5].includes(wire)) throw corrupt(file)
      if (wire !== LENGTH_DELIMITED) continue
      const child = FIELDS[message]![field]
      if (child) read(child, next, at)
      else if (message === 'entry') strings[field] = text(next, at)
    }
    if (strings[1] === 'location') locations.add(strings[2] ?? '')
  }

  read('model', 0, graph.length)
  return locations
}

function corrupt(file: string): MatcherError {
  return new MatcherError(
    'asset-corrupt',
    `onnxruntime-node cannot run ${file}: it is not an ONNX graph. Export the model again.`
  )
}
