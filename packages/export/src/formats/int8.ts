import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import { NEGLIGIBLE, quantizeColumns, quantizeRows, type Int8Matrix } from '../quantize/int8'
import type { BlockBits } from '../quantize/blocks'
import { blockFormat } from './blocks'
import { half } from './float'
import type { Activation, WeightFormat } from './format'

/** Activations [.., width] as uint8: value = (values - zero) · scale, with its own scale for every row. */
interface QuantizedRows {
  readonly values: Value
  /** [.., 1] */
  readonly scale: Value
  readonly zero: Constant
}

/** Levels on either side of the zero point 128 for activations around 0. */
const SYMMETRIC_LEVELS = 127
/** Power of a column's size by which it is divided before it is rounded: 0 leaves the error in the activations, 1 puts most of it into the weights. */
const SMOOTHING = 0.75
/** GELU's minimum, at x = -0.7518, rounded down. */
const GELU_MINIMUM = -0.17
/** Its zero point: 32 levels for the negative part, 223 for the positive. */
const GELU_ZERO = 32

/**
 * int8 for CPU and wasm: weights with a scale per output column, activations with a scale per token, products in int32.
 * A few columns of a norm's output are ten times as large as the others and would leave these few levels: they are divided by a power of their size,
 * which the rows of the kernel are multiplied by (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438; sizes here follow from the norm instead of from texts).
 * A row's scale depends only on that row, so neither padding nor other pairs of a batch change a score
 * (`DynamicQuantizeLinear` scales the whole tensor). `MatMulIntegerToFloat` is what ONNX Runtime fuses MatMulInteger,
 * Cast and Mul into; scales per row require it by name.
 */
export function int8Format(wordBits: BlockBits = 8): WeightFormat {
  const quantized = new Map<Value, QuantizedRows>()
  // All activations are [batch, seq, width], or [batch, 1, width] where only position 0 is left, so values that depend
  // only on their shape are computed once: nodes count in short batches.
  const shapes = new Map<string, Value>()
  const shared = (key: string, make: () => Value): Value => {
    const value = shapes.get(key) ?? make()
    shapes.set(key, value)
    return value
  }
  return {
    compute: 'float32',
    dense(build, x, kernel, bias, activation) {
      const [inputs, columns] = kernel.shape as [number, number]
      const { sizes } = activation
      const weight = sizes ? multipliedRows(build, kernel, sizes) : kernel
      const [values, scales] = matrix(build, weight, [columns], (data) => quantizeColumns(data, columns))
      const rows =
        quantized.get(x) ??
        quantizeActivations(build, sizes ? dividedColumns(build, x, sizes) : x, inputs, activation, shared)
      quantized.set(x, rows)
      const product = build.node('MatMulIntegerToFloat', [rows.values, values, build.scalar(1), scales, rows.zero], {
        type: 'float32',
        domain: 'com.microsoft'
      })
      return build.node('Add', [build.node('Mul', [product, rows.scale]), bias])
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

/** A row of zeros has the scale 0, which makes its values irrelevant. */
function quantizeActivations(
  build: GraphBuilder,
  x: Value,
  width: number,
  { range, first }: Activation,
  shared: (key: string, make: () => Value) => Value
): QuantizedRows {
  const largest = (value: Value) => build.node('ReduceMax', [value], { attributes: { axes: [-1] } })
  const times = (value: Value, factor: number) => build.node('Mul', [value, build.scalar(factor)])
  const gelu = range === 'gelu'
  const scale = gelu
    ? build.node('Max', [times(largest(x), 1 / (255 - GELU_ZERO)), build.scalar(-GELU_MINIMUM / GELU_ZERO)])
    : times(largest(build.node('Abs', [x])), 1 / SYMMETRIC_LEVELS) // [batch, seq, 1]
  const zeroPoint = gelu ? GELU_ZERO : SYMMETRIC_LEVELS + 1
  const zero = build.constant(`zero(${zeroPoint})`, 'uint8', [], () => Uint8Array.of(zeroPoint))
  const flatScale = build.reshape(scale, [-1]) // [batch * seq]
  const zeros = shared(`zeros(${zeroPoint},${first})`, () =>
    build.node('Expand', [zero, build.node('Shape', [flatScale], { type: 'int64' })])
  )
  const flat = build.node('QuantizeLinear', [build.reshape(x, [-1, width]), flatScale, zeros], {
    type: 'uint8',
    attributes: { axis: 0 }
  })
  return {
    values: build.node('Reshape', [
      flat,
      shared(`${width},${first}`, () => build.node('Shape', [x], { type: 'int64' }))
    ]),
    scale,
    zero
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
