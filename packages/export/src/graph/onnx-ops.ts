import { MatcherError, WORD_EMBEDDINGS, type ModelConfig, type Ops } from '@sohu-match/core'
import { foldAdd, foldGather, foldHalves, foldMatmul, foldSizes, type Fold } from './fold'
import { plainDense } from '../formats/float'
import type { WeightFormat } from '../formats/format'
import type { GraphBuilder } from '../onnx/builder'
import type { Constant, Value } from '../onnx/value'
import {
  addPositions,
  attention,
  attentionMask,
  filled,
  firstPosition,
  gelu,
  maskedMean,
  normalize,
  rotaryFactors,
  rotate,
  selectColumns,
  splitHeads,
  withoutPositions,
  type RotaryFactors
} from './primitives'

export interface GraphSource {
  readonly config: ModelConfig
  readonly format: WeightFormat
  /** A weight by its name in the checkpoint. */
  readonly read: (name: string) => Float32Array
  /** The mask [batch, seq] if the caller provides it; otherwise it follows from the token ids. */
  readonly mask?: Value
}

/** Minimum positions of rotary tables. RoPE sets no limit. */
const ROTARY_POSITIONS = 2048

/** Maximum tokens of a model's graphs: the rows of a learned table, otherwise twice the training length, or 2,048. */
export function maxPositions(config: ModelConfig): number {
  if (config.positionEmbeddingType === 'absolute') return config.maxPositionEmbeddings
  return Math.max(ROTARY_POSITIONS, 2 * config.maxLength)
}

interface DenseCall {
  readonly x: Value
  readonly kernel: Constant
  readonly bias: Constant
}

/**
 * The network's primitives over graph nodes: form `g01_half`, which gives equal results on CPU, wasm and WebGPU. Values
 * that depend only on parameters are folded, so the norms' gains and offsets become tables [tasks, 1, hidden]; rows
 * gathered by task keep that axis of 1.
 */
export function graphOps(build: GraphBuilder, source: GraphSource): Ops<Value> {
  const { config, format, read } = source
  const fold: Fold = (name, shape, compute) => build.constant(name, 'float32', shape, compute)
  const float = (value: Value) => build.cast(value, 'float32')
  const norms = normOps(build)
  const positions = maxPositions(config)
  const headSize = config.hiddenSize / config.numAttentionHeads
  const denseCalls = new Map<Value, DenseCall>()
  const gelus = new Set<Value>()
  const sizes = new Map<Value, Constant>()
  const firsts = new Set<Value>() // [batch, 1, ..]: only position 0
  const firstIf = (first: boolean, out: Value): Value => {
    if (first) firsts.add(out)
    return out
  }
  const keepFirst = (x: Value): Value => {
    if (firsts.has(x)) return x
    const out = firstIf(true, firstPosition(build, x))
    if (sizes.has(x)) sizes.set(out, sizes.get(x)!)
    return out
  }
  let factors: RotaryFactors | undefined

  const dense = ({ x, kernel, bias }: DenseCall): Value => {
    build.scope = kernel.name.replace(/\.kernel.*$/, '')
    if (kernel.name === 'classifier.kernel') return plainDense(build, float(x), kernel, bias)
    return format.dense(build, x, kernel, bias, {
      range: gelus.has(x) ? 'gelu' : 'symmetric',
      first: firsts.has(x),
      sizes: sizes.get(x)
    })
  }
  const gather = (table: Constant, ids: Value): Value => {
    build.scope = /[\w.]*norm/.exec(table.name)?.[0] ?? table.name
    if (ids.kind === 'constant') return build.reshape(foldGather(fold, table, ids), [-1, 1, table.shape[1]!])
    const byTask = ids.kind === 'input' && ids.shape.length === 1
    if (byTask) return norms.rows(build.reshape(table, [-1, 1, table.shape[1]!]), ids) // [batch, 1, width]
    return table.name === WORD_EMBEDDINGS ? format.rows(build, table, ids) : build.node('Gather', [table, ids])
  }
  const normed = (x: Value, out: Value, gain: Constant, offset: Constant): Value => {
    sizes.set(out, foldSizes(fold, gain, offset))
    return firstIf(firsts.has(x), out)
  }
  return {
    param: (name, shape) => build.constant(name, 'float32', shape, () => read(name)),
    matmul: (a, b) => foldMatmul(fold, constantOf(a), constantOf(b)),
    add: (a, b) =>
      a.kind === 'constant' && b.kind === 'constant'
        ? foldAdd(fold, a, b)
        : firstIf(firsts.has(a), build.node('Add', [float(a), float(b)])),
    gather: (table, ids) => gather(constantOf(table), ids),
    addRow: (x, row) => build.node('Add', [x, row]),
    dense: (x, kernel, bias) => {
      const call = { x, kernel: constantOf(kernel), bias: constantOf(bias) }
      const out = dense(call)
      denseCalls.set(out, call)
      return firstIf(firsts.has(x), out)
    },
    gelu: (x) => {
      const out = gelu(build, x)
      gelus.add(out)
      return firstIf(firsts.has(x), out)
    },
    attentionMask: (tokenIds) => {
      factors = rotaryFactors(build, tokenIds, positions, headSize, format.compute)
      return source.mask ? float(source.mask) : attentionMask(build, tokenIds, positions)
    },
    rotary: (x, heads) => {
      const call = denseCalls.get(x)
      if (!call || !factors)
        throw new MatcherError(
          'config-invalid',
          'A graph rotates only what a dense layer gives, after the mask is known.'
        )
      const halves = {
        x: call.x,
        kernel: foldHalves(fold, call.kernel, heads),
        bias: foldHalves(fold, call.bias, heads)
      }
      const first = firsts.has(call.x) // position 0 is not rotated, but its columns still need the keys' order
      return firstIf(
        first,
        first
          ? splitHeads(build, dense(halves), heads, headSize)
          : rotate(build, dense(halves), factors, heads, headSize)
      ) // [batch, heads, seq, headSize]
    },
    addPositions: (x, table) => addPositions(build, x, format.table(build, constantOf(table))),
    attention: (q, k, v, mask, heads) => {
      const byHead = (x: Value) =>
        config.positionEmbeddingType === 'rotary' ? x : splitHeads(build, x, heads, headSize)
      return firstIf(firsts.has(q), attention(build, { q: byHead(q), k: byHead(k), v, mask }, heads, headSize))
    },
    layerNorm: (x, gamma, beta, epsilon) =>
      normed(x, norms.plain(float(x), gamma, beta, epsilon), constantOf(gamma), constantOf(beta)),
    conditionalNorm: (x, gamma, beta, epsilon) =>
      normed(x, norms.conditional(float(x), gamma, beta, epsilon), norms.table(gamma), norms.table(beta)),
    maskedMean: (x, mask) => maskedMean(build, float(x), mask),
    onlyFirst: keepFirst,
    firstToken: (x) => withoutPositions(build, float(keepFirst(x))),
    normalize: (x) => normalize(build, x),
    similarityLogits: () => {
      throw new MatcherError('config-invalid', 'A graph gives one text its vector; vectors are compared outside it.')
    },
    selectTask: (x, taskIds, width) => {
      const count = config.tasks.length
      const identity = build.constant('tasks', 'float32', [count, count], () =>
        Float32Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 1 : 0))
      )
      return selectColumns(build, x, gather(identity, taskIds), width)
    },
    dropout: (x) => x,
    layer: (_index, x, body) => body(x)
  }
}

/** LayerNormalization on WebGPU requires its gain as a vector, so a row's gain is applied after it. */
function normOps(build: GraphBuilder) {
  const tables = new Map<Value, Constant>()
  const plain = (x: Value, gamma: Value, beta: Value, epsilon: number): Value =>
    build.node('LayerNormalization', [x, gamma, beta], { attributes: { axis: -1, epsilon: { float: epsilon } } })
  return {
    plain,
    rows(table: Constant, ids: Value): Value {
      const out = build.node('Gather', [table, ids])
      tables.set(out, table)
      return out
    },
    /** The gains or offsets of all tasks, [tasks, 1, hidden], of which `rows` took those of a batch. */
    table: (rows: Value): Constant => tables.get(rows) ?? constantOf(rows),
    conditional(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
      const width = tables.get(gamma)?.shape.at(-1)
      if (width === undefined) return plain(x, build.reshape(gamma, [-1]), build.reshape(beta, [-1]), epsilon)
      const normalized = plain(x, filled(build, width, 1), filled(build, width, 0), epsilon)
      return build.node('Add', [build.node('Mul', [normalized, gamma]), beta]) // [batch, seq, hidden]
    }
  }
}

/** Throws `config-invalid` if the network needs arithmetic on activations that graphs support only for parameters. */
function constantOf(value: Value): Constant {
  if (value.kind === 'constant') return value
  throw new MatcherError(
    'config-invalid',
    'A graph multiplies and gathers parameter tables only; use dense for activations.'
  )
}
