import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import type { Activation, ActivationBits, ActivationRange } from './format'

/** Activations [.., width] as uint8: value = scale · the sum of (codes - zero) · factor over the parts, with its own scale for every row. */
export interface QuantizedRows {
  /** One of 8 bits, or two of 7, the second with what the first leaves. */
  readonly parts: readonly QuantizedPart[]
  /** [.., 1] */
  readonly scale: Value
}

interface QuantizedPart {
  readonly codes: Value
  readonly zero: Constant
  readonly factor: number
}

/** Codes of a part: levels on either side of `zero` for activations around 0, GELU's zero point, above which most of its levels are, and the largest code. */
interface Levels {
  readonly symmetric: number
  readonly zero: number
  readonly geluZero: number
  readonly largest: number
}

/**
 * ONNX Runtime's kernel for x86 without VNNI adds pairs of products in 16 bits and cuts off what does not fit. Codes up
 * to 127 always fit (2 · 127 · 127 < 2^15), so with 14 bits every processor computes the same sums.
 */
const LEVELS: Readonly<Record<ActivationBits, Levels>> = {
  8: { symmetric: 127, zero: 128, geluZero: 32, largest: 255 },
  14: { symmetric: 63, zero: 64, geluZero: 16, largest: 127 }
}
/** GELU's minimum, at x = -0.7518, rounded down. */
const GELU_MINIMUM = -0.17

/**
 * Rounds activations in one graph. All are [batch, seq, width], or [batch, 1, width] where only position 0 is left, so
 * values that depend only on their shape are computed once: nodes count in short batches.
 */
export class ActivationQuantizer {
  private readonly quantized = new Map<Value, QuantizedRows>()
  private readonly shapes = new Map<string, Value>()
  private readonly levels: Levels

  constructor(private readonly bits: ActivationBits) {
    this.levels = LEVELS[bits]
  }

  /** The rows of x; the same for every product that reads x. A row of zeros has the scale 0, which makes its codes irrelevant. */
  quantize(build: GraphBuilder, x: Value, width: number, { range, first }: Activation): QuantizedRows {
    const known = this.quantized.get(x)
    if (known) return known
    const scale = this.scaleOf(build, x, range)
    const [flat, step] = [build.reshape(x, [-1, width]), build.reshape(scale, [-1])] // [batch * seq, width], [batch * seq]
    const shape = this.shared(`${width},${first}`, () => build.node('Shape', [x], { type: 'int64' }))
    const { zero, geluZero, symmetric } = this.levels
    const one = this.round(build, flat, step, range === 'gelu' ? geluZero : zero, first)
    const parts = [{ codes: build.node('Reshape', [one.codes, shape]), zero: one.zero, factor: 1 }]
    if (this.bits === 14) {
      const options = { type: 'float32', attributes: { axis: 0 } } as const
      const restored = build.node('DequantizeLinear', [one.codes, step, one.zeros], options)
      const factor = 1 / (2 * symmetric) // what is left is at most half a step
      const remainder = build.node('Sub', [flat, restored])
      const two = this.round(build, remainder, build.node('Mul', [step, build.scalar(factor)]), zero, first)
      parts.push({ codes: build.node('Reshape', [two.codes, shape]), zero: two.zero, factor })
    }
    const rows = { parts, scale }
    this.quantized.set(x, rows)
    return rows
  }

  /** Step between two codes of each row: [.., 1]. */
  private scaleOf(build: GraphBuilder, x: Value, range: ActivationRange): Value {
    const { symmetric, geluZero, largest } = this.levels
    const max = (value: Value) => build.node('ReduceMax', [value], { attributes: { axes: [-1] } })
    const times = (value: Value, factor: number) => build.node('Mul', [value, build.scalar(factor)])
    return range === 'gelu'
      ? build.node('Max', [times(max(x), 1 / (largest - geluZero)), build.scalar(-GELU_MINIMUM / geluZero)])
      : times(max(build.node('Abs', [x])), 1 / symmetric)
  }

  /** Codes [rows, width] of values [rows, width] with a step for each row: [rows]. */
  private round(build: GraphBuilder, values: Value, step: Value, zeroPoint: number, first: boolean) {
    const zero = build.constant(`zero(${zeroPoint})`, 'uint8', [], () => Uint8Array.of(zeroPoint))
    const zeros = this.shared(`zeros(${zeroPoint},${first})`, () =>
      build.node('Expand', [zero, build.node('Shape', [step], { type: 'int64' })])
    )
    const codes = build.node('QuantizeLinear', [values, step, zeros], { type: 'uint8', attributes: { axis: 0 } })
    return { codes, zero, zeros }
  }

  private shared(key: string, make: () => Value): Value {
    const value = this.shapes.get(key) ?? make()
    this.shapes.set(key, value)
    return value
  }
}
