import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import type { Activation, ActivationBits } from './format'

/** Activations [.., width] as uint8: value = scale · the sum of (values - zero) · factor over the parts, with its own scale for every row. */
export interface QuantizedRows {
  /** One of 8 bits; with 16, a second one of what the first leaves. */
  readonly parts: readonly QuantizedPart[]
  /** [.., 1] */
  readonly scale: Value
}

interface QuantizedPart {
  readonly values: Value
  readonly zero: Constant
  readonly factor: number
}

/** Levels on either side of the zero point 128 for activations around 0. */
const SYMMETRIC_LEVELS = 127
const SYMMETRIC_ZERO = SYMMETRIC_LEVELS + 1
/** GELU's minimum, at x = -0.7518, rounded down. */
const GELU_MINIMUM = -0.17
/** Its zero point: 32 levels for the negative part, 223 for the positive. */
const GELU_ZERO = 32
/** Step of the second part in steps of the first: what is left is at most half a step, so the levels end there. */
const SECOND_STEP = 1 / (2 * SYMMETRIC_LEVELS)

/**
 * Rounds activations in one graph. All are [batch, seq, width], or [batch, 1, width] where only position 0 is left, so
 * values that depend only on their shape are computed once: nodes count in short batches.
 */
export class ActivationQuantizer {
  private readonly quantized = new Map<Value, QuantizedRows>()
  private readonly shapes = new Map<string, Value>()

  constructor(private readonly bits: ActivationBits) {}

  /** `prepare` gives the values that are rounded, if they are not those of x; it is called once for each x. */
  quantize(
    build: GraphBuilder,
    x: Value,
    width: number,
    activation: Activation,
    prepare: (x: Value) => Value
  ): QuantizedRows {
    const rows = this.quantized.get(x) ?? this.rowsOf(build, prepare(x), width, activation)
    this.quantized.set(x, rows)
    return rows
  }

  /** A row of zeros has the scale 0, which makes its values irrelevant. */
  private rowsOf(build: GraphBuilder, x: Value, width: number, { range, first }: Activation): QuantizedRows {
    const largest = (value: Value) => build.node('ReduceMax', [value], { attributes: { axes: [-1] } })
    const times = (value: Value, factor: number) => build.node('Mul', [value, build.scalar(factor)])
    const gelu = range === 'gelu'
    const scale = gelu
      ? build.node('Max', [times(largest(x), 1 / (255 - GELU_ZERO)), build.scalar(-GELU_MINIMUM / GELU_ZERO)])
      : times(largest(build.node('Abs', [x])), 1 / SYMMETRIC_LEVELS) // [batch, seq, 1]
    const flat = build.reshape(x, [-1, width])
    const flatScale = build.reshape(scale, [-1]) // [batch * seq]
    const shape = this.shared(`${width},${first}`, () => build.node('Shape', [x], { type: 'int64' }))
    const rounded = (value: Value, step: Value, zeroPoint: number) => {
      const zero = build.constant(`zero(${zeroPoint})`, 'uint8', [], () => Uint8Array.of(zeroPoint))
      const zeros = this.shared(`zeros(${zeroPoint},${first})`, () =>
        build.node('Expand', [zero, build.node('Shape', [flatScale], { type: 'int64' })])
      )
      const codes = build.node('QuantizeLinear', [value, step, zeros], { type: 'uint8', attributes: { axis: 0 } })
      return { codes, zero, zeros, values: build.node('Reshape', [codes, shape]) }
    }
    const { codes, zeros, ...one } = rounded(flat, flatScale, gelu ? GELU_ZERO : SYMMETRIC_ZERO)
    const parts = [{ ...one, factor: 1 }]
    if (this.bits === 16) {
      const kept = build.node('DequantizeLinear', [codes, flatScale, zeros], {
        type: 'float32',
        attributes: { axis: 0 }
      })
      const left = build.node('Sub', [flat, kept])
      const { values, zero } = rounded(left, times(flatScale, SECOND_STEP), SYMMETRIC_ZERO)
      parts.push({ values, zero, factor: SECOND_STEP })
    }
    return { parts, scale }
  }

  private shared(key: string, make: () => Value): Value {
    const value = this.shapes.get(key) ?? make()
    this.shapes.set(key, value)
    return value
  }
}
