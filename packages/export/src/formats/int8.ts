import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import { quantizeColumns, quantizeRows, type Int8Matrix } from '../quantize/int8'
import { ActivationQuantizer } from './activations'
import { blockFormat } from './blocks'
import { half } from './float'
import type { FormatOptions, WeightFormat } from './format'
import { dividedColumns, multipliedRows } from './smoothing'

/**
 * int8 for CPU and wasm: weights with a scale per output column, activations with a scale per token, products in int32.
 * A row's scale depends only on that row, so neither padding nor other pairs of a batch change a score
 * (`DynamicQuantizeLinear` scales the whole tensor). `MatMulIntegerToFloat` is what ONNX Runtime fuses MatMulInteger,
 * Cast and Mul into; scales per row require it by name.
 *
 * With activations of 8 bits, a few columns of a norm's output, ten times as large as the others, would leave these few levels: they are divided by
 * a power of their size, which the rows of the kernel are multiplied by (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438; sizes here follow from the
 * norm instead of from texts). Engines that sum floats in another order still round some values the other way, and scores differ by about as much as
 * rounding changes them. With 14 bits, in two products, engines agree to a small part of that, and columns need no smoothing.
 */
export function int8Format({ wordBits = 8, activationBits = 8 }: FormatOptions = {}): WeightFormat {
  const quantizer = new ActivationQuantizer(activationBits)
  const smoothed = new Map<Value, Value>()
  return {
    compute: 'float32',
    dense(build, x, kernel, bias, activation) {
      const [inputs, columns] = kernel.shape as [number, number]
      const sizes = activationBits === 8 ? activation.sizes : undefined
      const weight = sizes ? multipliedRows(build, kernel, sizes) : kernel
      const [values, scales] = matrix(build, weight, [columns], (data) => quantizeColumns(data, columns))
      const input = sizes ? (smoothed.get(x) ?? dividedColumns(build, x, sizes)) : x
      smoothed.set(x, input)
      const { parts, scale } = quantizer.quantize(build, input, inputs, activation)
      const products = parts.map(({ codes, factor, zero }) =>
        build.node('MatMulIntegerToFloat', [codes, values, build.scalar(factor), scales, zero], {
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
