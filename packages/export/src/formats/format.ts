import type { GraphBuilder } from '../onnx/builder'
import type { Constant, ElementType, Value } from '../onnx/value'

/** Where the values of an activation lie: around 0, or as GELU gives them. */
export type ActivationRange = 'symmetric' | 'gelu'

/** What a format may know of the activation that it multiplies. */
export interface Activation {
  readonly range: ActivationRange
  /** Whether it holds position 0 alone: [batch, 1, width]. */
  readonly first: boolean
}

/**
 * How a dtype stores the big weights and computes with them. Chosen when the graph is made: a finished graph is never rewritten.
 * Norms, sums and the classifier stay in float32 in every format.
 */
export interface WeightFormat {
  /** Element type of the activations between `dense` layers inside a block. */
  readonly compute: Extract<ElementType, 'float32' | 'float16'>
  /** x [.., in] x kernel [in, out] + bias [out] -> [.., out], of type `compute`. */
  dense(build: GraphBuilder, x: Value, kernel: Constant, bias: Constant, activation: Activation): Value
  /** Rows of table [rows, width] by ids [batch, seq] -> [batch, seq, width], float32. */
  rows(build: GraphBuilder, table: Constant, ids: Value): Value
  /** A small float32 table as it is stored; its rows are cast to float32 after they are taken. */
  table(build: GraphBuilder, table: Constant): Constant
}
