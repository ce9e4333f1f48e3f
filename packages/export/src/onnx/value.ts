import { elementCount } from '@sohu-match/core'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { TensorProto_DataType, type AttributeProtoSchema } from './schema/onnx_pb'

/** Element types that the graphs use, with ONNX's number and the size of one element in bytes. */
export const ELEMENT_TYPES = {
  float32: { dataType: TensorProto_DataType.FLOAT, bytes: 4 },
  float16: { dataType: TensorProto_DataType.FLOAT16, bytes: 2 },
  int8: { dataType: TensorProto_DataType.INT8, bytes: 1 },
  uint8: { dataType: TensorProto_DataType.UINT8, bytes: 1 },
  int32: { dataType: TensorProto_DataType.INT32, bytes: 4 },
  int64: { dataType: TensorProto_DataType.INT64, bytes: 8 }
} as const

/** An element type by its name. */
export type ElementType = keyof typeof ELEMENT_TYPES

/** The elements of a constant; float16 travels as the bits in a `Uint16Array`. */
export type Elements = Float32Array | Uint16Array | Int8Array | Uint8Array | Int32Array | BigInt64Array

/** A tensor known at export time: an initializer once a node reads it. `read` may compute, so that big weights exist one at a time. */
export interface Constant {
  readonly kind: 'constant'
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly number[]
  read(): Elements
}

/** What the caller of the graph feeds; a string dimension is free. */
export interface Input {
  readonly kind: 'input'
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly (number | string)[]
}

/** One output of a node. */
export interface Output {
  readonly kind: 'output'
  readonly type: ElementType
  readonly node: Node
  readonly index: number
}

/** A value of the graph, opaque to the network. */
export type Value = Constant | Input | Output

/** An attribute; a bare number or array is an integer one. */
export type Attribute = number | readonly number[] | string | { readonly float: number }

/** One operator call. It is written only if an output of the graph needs it. */
export interface Node {
  readonly op: string
  /** '' for the standard operators, `com.microsoft` for ONNX Runtime's own. */
  readonly domain: string
  readonly name: string
  readonly inputs: readonly Value[]
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly outputCount: number
}

/** Size of a constant in the file, in bytes, without reading it. */
export function constantBytes(constant: Constant): number {
  return elementCount(constant.shape) * ELEMENT_TYPES[constant.type].bytes
}

/** The type of an attribute as the schema wants it. */
export type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>
