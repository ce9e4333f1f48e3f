import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import type { ByteFile } from '@sohu-match/node'
import { readFields } from '../protobuf'
import { damaged, guarded } from '../source'

/** Range of a message or a value in a file, in bytes. */
export interface Span {
  readonly begin: number
  readonly end: number
}

/** An operation of the graph (onnx.proto, `NodeProto`). */
export interface OnnxNode {
  readonly type: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** `TensorProto`: `dtype` is a number of its `DataType`; the values stay in the file. */
export interface OnnxTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: number
  /** Little-endian values, from `raw_data` or packed `float_data`. Undefined if they are stored differently. */
  readonly values?: Span
  /** The values are in another file. */
  readonly external: boolean
}

/** The parts of a `GraphProto` that lead to weights. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[]
  readonly tensors: readonly OnnxTensor[]
}

/** Maximum bytes of a field's tag and its length or number. */
const FIELD_HEAD = 20

interface Field extends Span {
  readonly number: number
  /** Of a varint. */
  readonly value: number
}

/** Reads the `ModelProto` of an ONNX file of any size: values are skipped. Throws `checkpoint-invalid`. */
export async function readOnnxGraph(file: ByteFile): Promise<OnnxGraph> {
  const nodes: OnnxNode[] = []
  const tensors: OnnxTensor[] = []
  for await (const graph of fieldsOf(file, { begin: 0, end: file.size })) {
    if (graph.number !== 7) continue
    for await (const field of fieldsOf(file, graph)) {
      if (field.number === 1) nodes.push(await readNode(file, field))
      if (field.number === 5) tensors.push(await readTensor(file, field))
    }
  }
  if (nodes.length === 0) throw damaged(file.path, 'it has no graph, so it is not an ONNX model')
  return { nodes, tensors }
}

async function readNode(file: ByteFile, { begin, end }: Span): Promise<OnnxNode> {
  const node = { type: '', inputs: [] as string[], outputs: [] as string[] }
  const bytes = await file.read(begin, end - begin, 'a node')
  guarded(file.path, 'a node', () =>
    readFields(bytes, {
      1: (reader) => void node.inputs.push(reader.string()),
      2: (reader) => void node.outputs.push(reader.string()),
      4: (reader) => {
        node.type = reader.string()
      }
    })
  )
  return node
}

async function readTensor(file: ByteFile, span: Span): Promise<OnnxTensor> {
  const tensor = { name: '', shape: [] as number[], dtype: 0, external: false, values: undefined as Span | undefined }
  for await (const { number, value, begin, end } of fieldsOf(file, span)) {
    const text = (): Uint8Array => file.read(begin, end - begin, 'a tensor')
    if (number === 1 && end > begin) tensor.shape.push(...packed(await text(), file.path))
    else if (number === 1) tensor.shape.push(value)
    else if (number === 2) tensor.dtype = value
    else if (number === 8) tensor.name = new TextDecoder().decode(await text())
    else if (number === 4 || number === 9) tensor.values = { begin, end }
    else if (number === 14) tensor.external = value === 1
  }
  return tensor
}

function packed(bytes: Uint8Array, path: string): number[] {
  const numbers: number[] = []
  guarded(path, 'the shape of a tensor', () => {
    const reader = new BinaryReader(bytes)
    while (reader.pos < reader.len) numbers.push(Number(reader.int64()))
  })
  return numbers
}

/** Fields of a message with the ranges of their values; the range is empty for a varint. */
async function* fieldsOf(file: ByteFile, { begin, end }: Span): AsyncGenerator<Field> {
  for (let at = begin; at < end;) {
    const head = await file.read(at, Math.min(FIELD_HEAD, end - at), 'a field')
    const field = guarded(file.path, `the field at byte ${at}`, () => readField(head, at))
    if (field.end > end || field.next > end) {
      throw damaged(file.path, `the field at byte ${at} reaches beyond its message; the file is cut short or damaged`)
    }
    yield field
    at = field.next
  }
}

function readField(head: Uint8Array, at: number): Field & { readonly next: number } {
  const reader = new BinaryReader(head)
  const [number, type] = reader.tag()
  if (type === WireType.Varint) {
    const value = Number(reader.int64())
    return { number, value, begin: at, end: at, next: at + reader.pos }
  }
  const length = type === WireType.LengthDelimited ? reader.uint32() : fixedBytes(type)
  const begin = at + reader.pos
  return { number, value: 0, begin, end: begin + length, next: begin + length }
}

function fixedBytes(type: WireType): number {
  if (type === WireType.Bit32) return 4
  if (type === WireType.Bit64) return 8
  throw new RangeError(`wire type ${type}`)
}
