import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  AttributeProto_AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema
} from './schema/onnx_pb'
import {
  constantBytes,
  ELEMENT_TYPES,
  type Attribute,
  type AttributeInit,
  type Constant,
  type Input,
  type Node,
  type Value
} from './value'

/** Inputs and outputs of a graph. Nodes and constants are those that the outputs need. */
export interface Graph {
  readonly name: string
  readonly inputs: readonly Input[]
  readonly outputs: readonly {
    readonly name: string
    readonly value: Value
    readonly shape: readonly (number | string)[]
  }[]
}

/** Place of the weights: in the model file, or next to it if their sum exceeds `limit` bytes. */
export interface ExternalData {
  readonly fileName: string
  readonly limit: number
}

/** Bytes of a model file, and of its external data if any, in pieces: no tensor is copied and one at a time is read. */
export interface SerializedModel {
  readonly model: Iterable<Uint8Array>
  readonly externalData?: Iterable<Uint8Array>
}

/** Opset of the standard operators (the newest that every target supports) and the IR version introduced with it. */
export const OPSET = 17
const IR_VERSION = 8n
/** ONNX Runtime maps external tensors that start on a page. */
const PAGE_BYTES = 4096

// Field numbers of the published schema (onnx.proto): ModelProto.graph, GraphProto.initializer, TensorProto.raw_data.
const MODEL_GRAPH = 7
const GRAPH_INITIALIZER = 5
const TENSOR_RAW_DATA = 9

/** Writes a graph as an ONNX model by the published schema; the bytes of weights are passed through. */
export function serializeGraph(graph: Graph, producer: string, external: ExternalData): SerializedModel {
  const { nodes, constants } = collect(graph)
  const usesContrib = nodes.some((node) => node.domain !== '')
  const frame = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: producer,
      opsetImport: [
        { domain: '', version: BigInt(OPSET) },
        ...(usesContrib ? [{ domain: 'com.microsoft', version: 1n }] : [])
      ]
    })
  )
  const body = graphBody(graph, nodes)
  const total = constants.reduce((sum, constant) => sum + constantBytes(constant), 0)
  const placed = placeConstants(constants, total > external.limit ? external.fileName : undefined)
  const model = modelBytes(frame, body, placed)
  return total > external.limit ? { model, externalData: externalBytes(placed) } : { model }
}

/** Nodes sorted so that every input precedes its readers, and their constants. */
function collect(graph: Graph): { nodes: Node[]; constants: Constant[] } {
  const nodes = new Set<Node>()
  const constants = new Map<string, Constant>()
  const visit = (value: Value): void => {
    if (value.kind === 'constant') constants.set(value.name, value)
    if (value.kind !== 'output' || nodes.has(value.node)) return
    value.node.inputs.forEach(visit)
    nodes.add(value.node)
  }
  graph.outputs.forEach(({ value }) => visit(value))
  return { nodes: [...nodes], constants: [...constants.values()] }
}

/** Without initializers. */
function graphBody(graph: Graph, nodes: readonly Node[]): Uint8Array {
  const names = uniqueNames(nodes)
  const outputs = new Map(graph.outputs.map((output) => [output.value, output.name]))
  const nameOf = (value: Value): string => {
    if (value.kind !== 'output') return value.name
    return outputs.get(value) ?? `${names.get(value.node)!}:${value.index}`
  }
  const outputNames = (node: Node) =>
    Array.from({ length: node.outputCount }, (_, index) => {
      const named = graph.outputs.find(
        ({ value }) => value.kind === 'output' && value.node === node && value.index === index
      )
      return named?.name ?? `${names.get(node)!}:${index}`
    })
  return toBinary(
    GraphProtoSchema,
    create(GraphProtoSchema, {
      name: graph.name,
      node: nodes.map((node) =>
        create(NodeProtoSchema, {
          opType: node.op,
          domain: node.domain,
          name: names.get(node)!,
          input: node.inputs.map(nameOf),
          output: outputNames(node),
          attribute: Object.entries(node.attributes).map(([name, value]) => ({ name, ...attribute(value) }))
        })
      ),
      input: graph.inputs.map((input) => valueInfo(input.name, input.type, input.shape)),
      output: graph.outputs.map((output) => valueInfo(output.name, output.value.type, output.shape))
    })
  )
}

function uniqueNames(nodes: readonly Node[]): Map<Node, string> {
  const used = new Map<string, number>()
  return new Map(
    nodes.map((node) => {
      const count = used.get(node.name) ?? 0
      used.set(node.name, count + 1)
      return [node, count === 0 ? node.name : `${node.name}_${count}`]
    })
  )
}

function attribute(value: Attribute): AttributeInit {
  if (typeof value === 'number') return { type: AttributeProto_AttributeType.INT, i: BigInt(value) }
  if (typeof value === 'string')
    return { type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) }
  if ('float' in value) return { type: AttributeProto_AttributeType.FLOAT, f: value.float }
  return { type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) }
}

function valueInfo(
  name: string,
  type: keyof typeof ELEMENT_TYPES,
  shape: readonly (number | string)[]
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'string'
        ? { case: 'dimParam' as const, value: size }
        : { case: 'dimValue' as const, value: BigInt(size) }
  }))
  return {
    name,
    type: { value: { case: 'tensorType', value: { elemType: ELEMENT_TYPES[type].dataType, shape: { dim } } } }
  }
}

/** Tag and length of a length-delimited field. */
const prefix = (fieldNumber: number, bytes: number): Uint8Array =>
  new BinaryWriter().tag(fieldNumber, WireType.LengthDelimited).uint32(bytes).finish()

/** A constant with its header in the model file, or its place in the external file. */
interface PlacedConstant {
  readonly constant: Constant
  readonly header: Uint8Array
  /** Bytes from the start of the external file; undefined if the constant's bytes follow its header. */
  readonly offset?: number
}

/** Writes headers. Constants of a page and more go to an external file; shapes and scalars must stay inside. */
function placeConstants(constants: readonly Constant[], location: string | undefined): PlacedConstant[] {
  let end = 0
  return constants.map((constant) => {
    const length = constantBytes(constant)
    const tensor = {
      name: constant.name,
      dims: constant.shape.map(BigInt),
      dataType: ELEMENT_TYPES[constant.type].dataType
    }
    if (location === undefined || length < PAGE_BYTES) {
      const fields = Buffer.concat([
        toBinary(TensorProtoSchema, create(TensorProtoSchema, tensor)),
        prefix(TENSOR_RAW_DATA, length)
      ])
      return { constant, header: Buffer.concat([prefix(GRAPH_INITIALIZER, fields.length + length), fields]) }
    }
    const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES
    end = offset + length
    const externalData = Object.entries({ location, offset: String(offset), length: String(length) }).map(
      ([key, value]) => ({ key, value })
    )
    const fields = toBinary(
      TensorProtoSchema,
      create(TensorProtoSchema, { ...tensor, dataLocation: TensorProto_DataLocation.EXTERNAL, externalData })
    )
    return { constant, offset, header: Buffer.concat([prefix(GRAPH_INITIALIZER, fields.length), fields]) }
  })
}

function* modelBytes(frame: Uint8Array, body: Uint8Array, placed: readonly PlacedConstant[]): Generator<Uint8Array> {
  const inlineBytes = ({ constant, offset }: PlacedConstant) => (offset === undefined ? constantBytes(constant) : 0)
  yield frame
  yield prefix(
    MODEL_GRAPH,
    placed.reduce((sum, one) => sum + one.header.length + inlineBytes(one), body.length)
  )
  yield body
  for (const { constant, header, offset } of placed) {
    yield header
    if (offset === undefined) yield elementBytes(constant)
  }
}

function* externalBytes(placed: readonly PlacedConstant[]): Generator<Uint8Array> {
  let position = 0
  for (const { constant, offset } of placed) {
    if (offset === undefined) continue
    yield new Uint8Array(offset - position)
    yield elementBytes(constant)
    position = offset + constantBytes(constant)
  }
}

function elementBytes(constant: Constant): Uint8Array {
  const elements = constant.read()
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}
