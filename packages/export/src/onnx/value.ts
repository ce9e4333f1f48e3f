import { elementCount } from '@sohu-match/core'

/** ONNX's number of an element type (`TensorProto.DataType`), and the size of an element in bytes. */
export const ELEMENT_TYPES = {
  float32: { dataType: 1, bytes: 4 },
  float16: { dataType: 10, bytes: 2 },
  int8: { dataType: 3, bytes: 1 },
  uint8: { dataType: 2, bytes: 1 },
  int32: { dataType: 6, bytes: 4 },
  int64: { dataType: 7, bytes: 8 }
} as const

export type ElementType = keyof typeof ELEMENT_TYPES

/** float16 is stored as its bits in a `Uint16Array`. */
export type Elements = Float32Array | Uint16Array | Int8Array | Uint8Array | Int32Array | BigInt64Array

/** An initializer once a node reads it. `read` may compute, so that large weights exist one at a time. */
export interface Constant {
  readonly kind: 'constant'
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly number[]
  read(): Elements
}

/** Input of the graph; a string dimension is free. */
export interface Input {
  readonly kind: 'input'
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly (number | string)[]
}

export interface Output {
  readonly kind: 'output'
  readonly type: ElementType
  readonly node: Node
  readonly index: number
}

export type Value = Constant | Input | Output

/** Bare numbers and arrays are integer attributes. */
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

/** In bytes, without reading the constant. */
export function constantBytes(constant: Constant): number {
  return elementCount(constant.shape) * ELEMENT_TYPES[constant.type].bytes
}
