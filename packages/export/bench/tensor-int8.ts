import { int8Format } from '../src/formats/int8'
import type { WeightFormat } from '../src/formats/format'
import type { Value } from '../src/onnx/value'
import { quantizeColumns } from '../src/quantize/int8'

/** The usual int8 recipe, for comparison: activations with one scale per tensor (`DynamicQuantizeLinear`). */
export function tensorInt8Format(): WeightFormat {
  const quantized = new Map<Value, { values: Value; scale: Value; zero: Value }>()
  return {
    ...int8Format(),
    dense(build, x, kernel, bias) {
      const columns = kernel.shape[1]!
      const matrix = () => quantizeColumns(kernel.read() as Float32Array, columns)
      const values = build.constant(`${kernel.name}.int8`, 'int8', kernel.shape, () => matrix().values)
      const scales = build.constant(`${kernel.name}.scale`, 'float32', [columns], () => matrix().scales)
      const [codes, scale, zero] = build.nodes('DynamicQuantizeLinear', [x], ['uint8', 'float32', 'uint8'])
      const rows = quantized.get(x) ?? { values: codes!, scale: scale!, zero: zero! }
      quantized.set(x, rows)
      const product = build.cast(
        build.node('MatMulInteger', [rows.values, values, rows.zero], { type: 'int32' }),
        'float32'
      )
      return build.node('Add', [build.node('Mul', [product, build.node('Mul', [rows.scale, scales])]), bias])
    }
  }
}
