import { toHalf } from '../quantize/half'
import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import type { WeightFormat } from './format'

/** x [.., in] x kernel [in, out] + bias [out] with an unquantized kernel, in the type of x. */
export function plainDense(build: GraphBuilder, x: Value, kernel: Constant, bias: Constant): Value {
  return build.node('Add', [build.node('MatMul', [x, kernel]), bias])
}

/** float32 weights and arithmetic. */
export const float32Format: WeightFormat = {
  compute: 'float32',
  dense: plainDense,
  rows: (build, table, ids) => build.node('Gather', [table, ids]),
  table: (_build, table) => table
}

/** float16 weights, matrix products and attention; everything else (residuals, norms, softmax, mean) is float32. */
export const float16Format: WeightFormat = {
  compute: 'float16',
  dense: (build, x, kernel, bias) =>
    plainDense(build, build.cast(x, 'float16'), half(build, kernel), half(build, bias)),
  rows: (build, table, ids) => build.cast(build.node('Gather', [half(build, table), ids]), 'float32'),
  table: half
}

export function half(build: GraphBuilder, constant: Constant): Constant {
  return build.constant(`${constant.name}.half`, 'float16', constant.shape, () =>
    toHalf(constant.read() as Float32Array)
  )
}
