import { rotaryTables } from '@sohu-match/core'
import { half } from '../formats/float'
import type { GraphBuilder } from '../onnx/builder'
import type { Constant, ElementType, Value } from '../onnx/value'

/** Added to masked keys before softmax: its exp is 0, and it fits float16. */
const MASKED = -1e4

/** A constant vector [width], since ONNX's LayerNormalization requires gain and offset. */
export function filled(build: GraphBuilder, width: number, value: number): Constant {
  return build.constant(`filled(${width},${value})`, 'float32', [width], () => new Float32Array(width).fill(value))
}

function scalar(build: GraphBuilder, value: number, type: ElementType): Constant {
  return type === 'float16' ? half(build, build.scalar(value)) : build.scalar(value)
}

/** x · (1 + erf(x / sqrt 2)) / 2, in the order that ONNX Runtime recognizes and fuses. */
export function gelu(build: GraphBuilder, x: Value): Value {
  const erf = build.node('Erf', [build.node('Div', [x, scalar(build, Math.SQRT2, x.type)])])
  const gate = build.node('Add', [erf, scalar(build, 1, x.type)])
  return build.node('Mul', [build.node('Mul', [x, gate]), scalar(build, 0.5, x.type)])
}

/** Token ids [batch, seq] -> float mask [batch, seq]: 1 if the id is not 0, and at position 0. Ids fit float32. */
export function attentionMask(build: GraphBuilder, tokenIds: Value, positions: number): Value {
  build.scope = 'mask'
  const first = build.constant('mask.first', 'float32', [1, positions], () => new Float32Array(positions).fill(1, 0, 1))
  const started = build.node('Slice', [first, build.integers(0), sequenceLength(build, tokenIds), build.integers(1)])
  const counted = build.node('Add', [build.cast(tokenIds, 'float32'), started])
  return build.node('Clip', [counted, build.scalar(0), build.scalar(1)])
}

/** seq of x [batch, seq, ..], as a one-element int64 vector. */
function sequenceLength(build: GraphBuilder, x: Value): Value {
  return build.node('Shape', [x], { type: 'int64', attributes: { start: 1, end: 2 } })
}

/** Rotary factors [seq, headSize] for heads whose pairs are halves: cos twice, and -sin, sin. */
export interface RotaryFactors {
  readonly cos: Value
  readonly sin: Value
}

/**
 * Cuts the tables of `positions` rows to the batch's seq. Angles are computed in float64, before they enter the graph.
 */
export function rotaryFactors(
  build: GraphBuilder,
  tokenIds: Value,
  positions: number,
  headSize: number,
  type: ElementType
): RotaryFactors {
  build.scope = 'rotary'
  const tables = rotaryTables(positions, headSize)
  const seq = sequenceLength(build, tokenIds)
  const rows = (name: 'cos' | 'sin'): Value => {
    const table = build.constant(`rotary.${name}`, 'float32', [positions, headSize / 2], () => tables[name])
    const stored = type === 'float16' ? half(build, table) : table
    return build.node('Slice', [stored, build.integers(0), seq, build.integers(0)]) // [seq, headSize / 2]
  }
  const [cos, sin] = [rows('cos'), rows('sin')]
  const concat = (one: Value, other: Value) => build.node('Concat', [one, other], { attributes: { axis: -1 } })
  return { cos: concat(cos, cos), sin: concat(build.node('Neg', [sin]), sin) }
}

/**
 * Rotates x [batch, seq, hidden], whose heads have their pairs as two halves -> [batch, heads, seq, headSize]. Heads
 * come first: the factors then match the innermost axes, which multiplies faster on CPUs.
 */
export function rotate(build: GraphBuilder, x: Value, factors: RotaryFactors, heads: number, headSize: number): Value {
  const split = splitHeads(build, x, heads, headSize)
  const [one, other] = build.nodes('Split', [split, build.integers(headSize / 2, headSize / 2)], [x.type, x.type], {
    attributes: { axis: -1 }
  })
  const swapped = build.node('Concat', [other!, one!], { attributes: { axis: -1 } })
  return build.node('Add', [build.node('Mul', [split, factors.cos]), build.node('Mul', [swapped, factors.sin])])
}

/** x [batch, seq, hidden] -> [batch, heads, seq, headSize]. */
export function splitHeads(build: GraphBuilder, x: Value, heads: number, headSize: number): Value {
  return transpose(build, build.reshape(x, [0, 0, heads, headSize]), [0, 2, 1, 3])
}

function transpose(build: GraphBuilder, x: Value, perm: readonly number[]): Value {
  return build.node('Transpose', [x], { attributes: { perm } })
}

/** x [batch, seq, width] + the first seq rows of table [positions, width], of any float type. */
export function addPositions(build: GraphBuilder, x: Value, table: Constant): Value {
  build.scope = 'embeddings.position'
  const rows = build.node('Slice', [table, build.integers(0), sequenceLength(build, x), build.integers(0)])
  return build.node('Add', [x, build.cast(rows, 'float32')])
}

/** q, k [batch, heads, seq, headSize], v [batch, seq, hidden], float mask [batch, seq]. */
export interface AttentionInputs {
  readonly q: Value
  readonly k: Value
  readonly v: Value
  readonly mask: Value
}

/** softmax(q.k / sqrt(headSize) + bias) . v -> [batch, seq, hidden]; softmax in float32, products in the type of q. */
export function attention(
  build: GraphBuilder,
  { q, k, v, mask }: AttentionInputs,
  heads: number,
  headSize: number
): Value {
  build.scope = build.scope.replace(/\.[^.]*$/, '')
  const query = build.node('Mul', [q, scalar(build, 1 / Math.sqrt(headSize), q.type)])
  const scores = build.node('MatMul', [query, transpose(build, k, [0, 1, 3, 2])]) // [batch, heads, seq, seq]
  const masked = build.node('Add', [build.cast(scores, 'float32'), maskBias(build, mask)])
  const probs = build.cast(build.node('Softmax', [masked], { attributes: { axis: -1 } }), q.type)
  const values = splitHeads(build, v, heads, headSize) // [batch, heads, seq, headSize]
  const context = transpose(build, build.node('MatMul', [probs, values]), [0, 2, 1, 3])
  return build.reshape(context, [0, 0, heads * headSize])
}

/** Mask [batch, seq] -> bias of its keys' scores, [batch, 1, 1, seq]: 0 or -1e4. */
function maskBias(build: GraphBuilder, mask: Value): Value {
  const off = build.node('Sub', [build.scalar(1), mask], { type: 'float32' })
  return build.reshape(build.node('Mul', [off, build.scalar(MASKED)]), [0, 1, 1, -1])
}

/** Mean of x [batch, seq, hidden] over the mask [batch, seq] -> [batch, hidden]. */
export function maskedMean(build: GraphBuilder, x: Value, mask: Value): Value {
  build.scope = 'pooling'
  const sum = build.node('MatMul', [build.reshape(mask, [0, 1, -1]), x]) // [batch, 1, hidden]
  const count = build.node('ReduceSum', [mask, build.integers(1)], { attributes: { keepdims: 1 } }) // [batch, 1]
  return build.node('Div', [build.node('Squeeze', [sum, build.integers(1)]), count])
}

/** x [batch, seq, hidden] at position 0 -> [batch, 1, hidden]. */
export function firstPosition(build: GraphBuilder, x: Value): Value {
  build.scope = 'pooling'
  return build.node('Slice', [x, build.integers(0), build.integers(1), build.integers(1)])
}

/** x [batch, 1, hidden] -> [batch, hidden]. */
export function withoutPositions(build: GraphBuilder, x: Value): Value {
  build.scope = 'pooling'
  return build.node('Squeeze', [x, build.integers(1)])
}

/** x [batch, hidden], each row divided by its L2 norm. */
export function normalize(build: GraphBuilder, x: Value): Value {
  build.scope = 'vectors'
  const squares = build.node('ReduceSum', [build.node('Mul', [x, x]), build.integers(1)], {
    attributes: { keepdims: 1 }
  })
  return build.node('Div', [x, build.node('Sqrt', [squares])])
}

/** Each row's own columns: logits [batch, tasks * width], one-hot tasks [batch, 1, tasks] -> [batch, width]. */
export function selectColumns(build: GraphBuilder, logits: Value, oneHot: Value, width: number): Value {
  const tasks = build.reshape(logits, [0, -1, width]) // [batch, tasks, width]
  return build.node('Squeeze', [build.node('MatMul', [oneHot, tasks]), build.integers(1)])
}
