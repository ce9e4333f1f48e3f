import { graphProto, initializerHead, modelHead, nodeProto, valueInfo } from './messages'
import { constantBytes, type Constant, type Input, type Node, type Value } from './value'

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
const IR_VERSION = 8
/** ONNX Runtime maps external tensors that start on a page. */
const PAGE_BYTES = 4096

/** Writes a graph as an ONNX model; the bytes of weights are passed through. */
export function serializeGraph(graph: Graph, producer: string, external: ExternalData): SerializedModel {
  const { nodes, constants } = collect(graph)
  const usesContrib = nodes.some((node) => node.domain !== '')
  const opsets = { '': OPSET, ...(usesContrib && { 'com.microsoft': 1 }) }
  const body = graphBody(graph, nodes)
  const total = constants.reduce((sum, constant) => sum + constantBytes(constant), 0)
  const placed = placeConstants(constants, total > external.limit ? external.fileName : undefined)
  const inlineBytes = ({ constant, offset }: PlacedConstant) => (offset === undefined ? constantBytes(constant) : 0)
  const graphBytes = placed.reduce((sum, one) => sum + one.header.length + inlineBytes(one), body.length)
  const model = modelBytes(modelHead(IR_VERSION, producer, opsets, graphBytes), body, placed)
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
  return graphProto(
    graph.name,
    nodes.map((node) => nodeProto(node, names.get(node)!, node.inputs.map(nameOf), outputNames(node))),
    graph.inputs.map((input) => valueInfo(input.name, input.type, input.shape)),
    graph.outputs.map((output) => valueInfo(output.name, output.value.type, output.shape))
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
    if (location === undefined || length < PAGE_BYTES) return { constant, header: initializerHead(constant) }
    const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES
    end = offset + length
    return { constant, offset, header: initializerHead(constant, { location, offset }) }
  })
}

function* modelBytes(head: Uint8Array, body: Uint8Array, placed: readonly PlacedConstant[]): Generator<Uint8Array> {
  yield head
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
