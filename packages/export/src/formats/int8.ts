import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import { NEGLIGIBLE, quantizeColumns, quantizeRows, type Int8Matrix } from '../quantize/int8'
import { ActivationQuantizer } from './activations'
import { blockFormat } from './blocks'
import { half } from './float'
import type { FormatOptions, WeightFormat } from './format'

/** Power of a column's size by which it is divided before it is rounded: 0 leaves the error in the activations, 1 puts most of it into the weights. */
const SMOOTHING = 0.75
/**
 * int8 for CPU and wasm: weights with a scale per output column, activations with a scale per token, products in int32.
 * A few columns of a norm's output are ten times as large as the others and would leave these few levels: they are divided by a power of their size,
 * which the rows of the kernel are multiplied by (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438; sizes here follow from the norm instead of from texts).
 * A row's scale depends only on that row, so neither padding nor other pairs of a batch change a score
 * (`DynamicQuantizeLinear` scales the whole tensor). `MatMulIntegerToFloat` is what ONNX Runtime fuses MatMulInteger,
 * Cast and Mul into; scales per row require it by name.
 *
 * With activations of 8 bits, engines that sum floats in another order round some of them the other way, and scores
 * differ by about as much as rounding changes them. With 16 bits (two products) they agree to float rounding.
 */
export function int8Format({ wordBits = 8, activationBits = 8 }: FormatOptions = {}): WeightFormat {
  const quantizer = new ActivationQuantizer(activationBits)
  return {
    compute: 'float32',
    dense(build, x, kernel, bias, activation) {
      const [inputs, columns] = kernel.shape as [number, number]
      const { sizes } = activation
      const weight = sizes ? multipliedRows(build, kernel, sizes) : kernel
      const [values, scales] = matrix(build, weight, [columns], (data) => quantizeColumns(data, columns))
      const { parts, scale } = quantizer.quantize(build, x, inputs, activation, (value) =>
        sizes ? dividedColumns(build, value, sizes) : value
      )
      const products = parts.map((part) =>
        build.node('MatMulIntegerToFloat', [part.values, values, build.scalar(part.factor), scales, part.zero], {
          type: 'float32',
          domain: 'com.microsoft'
        })
      )
      const product = products.reduce((sum, one) => build.node('Add', [sum, one]))
      return build.node('Add', [build.node('Mul', [product, scale]), bias])
    },
    rows(build, table, ids) {
      if (wordBits === 4) return blockFormat(() => 4).rows(build, table, ids)
      const [count, width] = table.shape as [number, number]
      const [values, scales] = matrix(build, table, [count, 1], (data) => quantizeRows(data, width))
      return build.node('Mul', [
        build.cast(build.node('Gather', [values, ids]), 'float32'),
        build.node('Gather', [scales, ids])
      ])
    },
    table: half
  }
}

/** x [.., in] / sizes^SMOOTHING. */
function dividedColumns(build: GraphBuilder, x: Value, sizes: Constant): Value {
  const factors = build.constant(`${sizes.name}.factors`, 'float32', sizes.shape, () =>
    smoothing(sizes).map((divisor) => 1 / divisor)
  )
  return build.node('Mul', [x, factors])
}

/** kernel [in, out] · sizes^SMOOTHING, which undoes `dividedColumns`. */
function multipliedRows(build: GraphBuilder, kernel: Constant, sizes: Constant): Constant {
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

/** int8 values and scales of a weight. Values are quantized when they are written; only scales are kept. */
function matrix(
  build: GraphBuilder,
  source: Constant,
  scaleShape: number[],
  quantize: (data: Float32Array) => Int8Matrix
): [Constant, Constant] {
  let scales: Float32Array | undefined
  const quantized = (): Int8Matrix => {
    const result = quantize(source.read() as Float32Array)
    scales = result.scales
    return result
  }
  return [
    build.constant(`${source.name}.int8`, 'int8', source.shape, () => quantized().values),
    build.constant(`${source.name}.scale`, 'float32', scaleShape, () => scales ?? quantized().scales)
  ]
}
