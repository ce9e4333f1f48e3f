import type { GraphBuilder } from '../onnx/builder'
import type { Constant, ElementType, Value } from '../onnx/value'
import type { BlockBits } from '../quantize/blocks'

/** Bits of an activation in int8. 14 are two parts of 7, and twice the products. */
export type ActivationBits = 8 | 14

/** Options of a precision. */
export interface FormatOptions {
  /** Bits of the word embeddings in int8 and q8. Default: 8. */
  readonly wordBits?: BlockBits | undefined
  /** Bits of activations in int8. Default: 8. */
  readonly activationBits?: ActivationBits | undefined
}

/** Range of an activation's values: around 0, or GELU's. */
export type ActivationRange = 'symmetric' | 'gelu'

/** Facts that a format may use about the activation it multiplies. */
export interface Activation {
  readonly range: ActivationRange
  /** True for position 0 alone: [batch, 1, width]. */
  readonly first: boolean
  /** About how large its values become, by column [width]; undefined if it is not a norm's output. */
  readonly sizes: Constant | undefined
}

/**
 * How a dtype stores the large weights and computes with them; applied when the graph is built. Norms, sums and the
 * classifier are float32 in every format.
 */
export interface WeightFormat {
  /** Element type of the activations between `dense` layers within a block. */
  readonly compute: Extract<ElementType, 'float32' | 'float16'>
  /** x [.., in] x kernel [in, out] + bias [out] -> [.., out], of type `compute`. */
  dense(build: GraphBuilder, x: Value, kernel: Constant, bias: Constant, activation: Activation): Value
  /** Rows of table [rows, width] by ids [batch, seq] -> [batch, seq, width], float32. */
  rows(build: GraphBuilder, table: Constant, ids: Value): Value
  /** A small float32 table as stored; rows are cast to float32 after the lookup. */
  table(build: GraphBuilder, table: Constant): Constant
}
