import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import { NEGLIGIBLE } from '../quantize/int8'

/** Power of a column's size by which it is divided before it is rounded: 0 leaves the error in the activations, 1 puts most of it into the weights. */
const SMOOTHING = 0.75

/** x [.., in] / sizes^SMOOTHING. */
export function dividedColumns(build: GraphBuilder, x: Value, sizes: Constant): Value {
  const factors = build.constant(`${sizes.name}.factors`, 'float32', sizes.shape, () =>
    smoothing(sizes).map((divisor) => 1 / divisor)
  )
  return build.node('Mul', [x, factors])
}

/** kernel [in, out] · sizes^SMOOTHING, which undoes `dividedColumns`. */
export function multipliedRows(build: GraphBuilder, kernel: Constant, sizes: Constant): Constant {
  const columns = kernel.shape[1]!
  return build.constant(`${kernel.name}.smooth`, 'float32', kernel.shape, () => {
    const divisors = smoothing(sizes)
    return (kernel.read() as Float32Array).map((value, i) => value * divisors[Math.floor(i / columns)]!)
  })
}

/** [in]; 1 for a column that is always 0. */
function smoothing(sizes: Constant): Float32Array {
  return (sizes.read() as Float32Array).map((size) => (size < NEGLIGIBLE ? 1 : size ** SMOOTHING))
}
