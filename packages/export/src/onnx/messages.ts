import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { constantBytes, ELEMENT_TYPES, type Attribute, type Constant, type ElementType, type Node } from './value'

// The messages of a graph by the field numbers of onnx.proto (proto2; github.com/onnx/onnx, the same in every version).

/** A value of a field: text, whole number, float or nested message. An array repeats the field. */
type Field = string | number | { readonly float: number } | Uint8Array

const FLOAT = 1
const INT = 2
const STRING = 3
const INTS = 7

/** Fields are written in the order of their numbers, which is the order of an object's integer keys. */
function message(fields: Readonly<Record<number, Field | readonly Field[]>>): Uint8Array {
  const writer = new BinaryWriter()
  for (const [key, values] of Object.entries(fields))
    for (const value of Array.isArray(values) ? (values as readonly Field[]) : [values as Field]) {
      const number = Number(key)
      if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value)
      else if (typeof value === 'number') writer.tag(number, WireType.Varint).int64(value)
      else if ('float' in value) writer.tag(number, WireType.Bit32).float(value.float)
      else writer.tag(number, WireType.LengthDelimited).bytes(value)
    }
  return writer.finish()
}

/** Tag and length of a nested message or of bytes that follow. */
function head(number: number, bytes: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(bytes).finish()
}

/** A ModelProto up to its graph, whose bytes follow. `opsets` are versions by domain. */
export function modelHead(
  irVersion: number,
  producer: string,
  opsets: Readonly<Record<string, number>>,
  graphBytes: number
): Uint8Array {
  const imports = Object.entries(opsets).map(([domain, version]) => message({ 1: domain, 2: version }))
  return Buffer.concat([message({ 1: irVersion, 2: producer, 8: imports }), head(7, graphBytes)])
}

/** A GraphProto without initializers; nodes, inputs and outputs are messages. */
export function graphProto(
  name: string,
  nodes: readonly Uint8Array[],
  inputs: readonly Uint8Array[],
  outputs: readonly Uint8Array[]
): Uint8Array {
  return message({ 1: nodes, 2: name, 11: inputs, 12: outputs })
}

export function nodeProto(
  { op, domain, attributes }: Node,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[]
): Uint8Array {
  const written = Object.entries(attributes).map(([key, value]) => attributeProto(key, value))
  return message({ 1: inputs, 2: outputs, 3: name, 4: op, 5: written, 7: domain })
}

function attributeProto(name: string, value: Attribute): Uint8Array {
  if (typeof value === 'number') return message({ 1: name, 3: value, 20: INT })
  if (typeof value === 'string') return message({ 1: name, 4: value, 20: STRING })
  if ('float' in value) return message({ 1: name, 2: value, 20: FLOAT })
  return message({ 1: name, 8: value, 20: INTS })
}

/** A ValueInfoProto: name, type and shape of an input or output; a string dimension is free. */
export function valueInfo(name: string, type: ElementType, shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((size) => (typeof size === 'string' ? message({ 2: size }) : message({ 1: size })))
  const tensor = message({ 1: ELEMENT_TYPES[type].dataType, 2: message({ 1: dimensions }) })
  return message({ 1: name, 2: message({ 1: tensor }) })
}

/** An initializer of the graph whose bytes follow, or are at `external` in another file. */
export function initializerHead(
  constant: Constant,
  external?: { readonly location: string; readonly offset: number }
): Uint8Array {
  const { name, type, shape } = constant
  const fields = { 1: shape, 2: ELEMENT_TYPES[type].dataType, 8: name }
  const length = constantBytes(constant)
  if (!external) {
    const start = Buffer.concat([message(fields), head(9, length)])
    return Buffer.concat([head(5, start.length + length), start])
  }
  const place = { location: external.location, offset: String(external.offset), length: String(length) }
  const entries = Object.entries(place).map(([key, value]) => message({ 1: key, 2: value }))
  const tensor = message({ ...fields, 13: entries, 14: 1 }) // data_location: EXTERNAL
  return Buffer.concat([head(5, tensor.length), tensor])
}
