import type { GraphBuilder } from '../onnx/builder'
import type { Constant, ElementType, Value } from '../onnx/value'

/** Where the values of an activation lie: around 0, or as GELU gives them. */
export type ActivationRange = 'symmetric' | 'gelu'

/**
 * How a dtype stores the big weights and computes with them. Chosen when the graph is made: a finished graph is never rewritten.
 * Norms, sums and the classifier stay in float32 in every format.
 */
export interface WeightFormat {
  /** Element type of the activations between `dense` layers inside a block. */
  readonly compute: Extract<ElementType, 'float32' | 'float16'>
  /** x [.., in] x kernel [in, out] + bias [out] -> [.., out], of type `compute`. */
  dense(build: GraphBuilder, x: Value, kernel: Constant, bias: Constant, range: ActivationRange): Value
  /** Rows of table [rows, width] by ids [batch, seq] -> [batch, seq, width], float32. */
  rows(build: GraphBuilder, table: Constant, ids: Value): Value
}
