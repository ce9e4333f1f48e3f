import type { Initializer, Ops } from '@sohu-match/core'
import { tf, type Tensor } from '../tfjs'
import { add, addPositions, addRow } from './kernels/add'
import { attention, MASKED } from './kernels/attention'
import { fusedAttention } from './fused/attention'
import { dense, denseProduct, matrixProduct } from './kernels/dense'
import { dropout } from './kernels/dropout'
import { gather, selectTask } from './kernels/gather'
import { gelu } from './kernels/gelu'
import { layerNorm } from './kernels/norm'
import { firstPosition, firstToken, maskedMean } from './kernels/pooling'
import { rotary, rotaryTensors, type RotaryTensors } from './kernels/rotary'
import { normalize, similarityLogits } from './kernels/similarity'
import { BFLOAT16, FLOAT32, type Products } from './products'
import type { ReadPlan } from './reads'
import type { Recorded, Tape, Value } from './tape'

/** More dropout sites than any network has: runs and sites share a seed. */
const SITES = 1024

/** Kept for the backward pass: everything it reads, all but attention probabilities, or only each layer's input. */
export type Recompute = 'none' | 'attention' | 'layer'

/** How the network is computed: the precision of its products, and which kernels run. */
export type Arithmetic = Pick<PassOptions, 'precision' | 'kernels'>

export interface PassOptions {
  /** Reads a parameter; the tape takes ownership of the tensor. */
  readonly parameter: (name: string, shape: readonly number[], init: Initializer) => Tensor
  readonly recompute?: Recompute
  /** Precision of matrix products; everything else is float32. Default: float32. */
  readonly precision?: 'float32' | 'bfloat16'
  /** `auto` runs the fused kernels of `native/` if they are loaded. Default: plain. */
  readonly kernels?: 'plain' | 'auto'
  /** Rate of dropout, and the masks' seeds: the run's, and a number for (step, micro-batch). Absent in evaluation. */
  readonly dropout?: { readonly rate: number; readonly seed: readonly [number, number] }
  /** Number of readers of each value; without it values live until the end of their layer. */
  readonly plan?: ReadPlan
  /** False if no position is masked; attention then needs no mask. */
  readonly padded?: boolean
  /** Computes only the first position of the last layer, which is all that `pooling: cls` reads. */
  readonly firstOnly?: boolean
  /** Receives the output of each layer and the pooled vector, for auxiliary losses. */
  readonly observe?: (place: 'layer' | 'pooled', index: number, value: Value) => void
}

/** The network's primitives over tensors on a tape, for one pass. */
export class TrainingOps implements Ops<Value> {
  private readonly parameters = new Map<string, Value>()
  private readonly tables = new Map<string, RotaryTensors>()
  private bias: Tensor | null | undefined
  /** Matrix products in the precision of the pass. */
  readonly products: Products
  /** Values created so far, as numbered by the plan. */
  private made = 0

  constructor(
    private readonly tape: Tape,
    private readonly options: PassOptions
  ) {
    this.products = options.precision === 'bfloat16' ? BFLOAT16 : FLOAT32
  }

  param(name: string, shape: readonly number[], init: Initializer): Value {
    const known = this.parameters.get(name)
    if (known) return known
    const value = this.tape.leaf(this.options.parameter(name, shape, init), { differentiable: true, parameter: name })
    this.parameters.set(name, value)
    return value
  }

  gather = (table: Value, ids: Value): Value =>
    this.apply('gather', [table, ids], () => gather(table.tensor, ids.tensor))
  matmul = (a: Value, b: Value): Value => this.apply('condition', [a, b], () => matrixProduct(a.tensor, b.tensor))
  add = (a: Value, b: Value): Value => this.apply('add', [a, b], () => add(a.tensor, b.tensor))
  addRow = (x: Value, row: Value): Value => this.apply('add', [x, row], () => addRow(x.tensor, row.tensor))
  addPositions = (x: Value, table: Value): Value =>
    this.apply('add', [x, table], () => addPositions(x.tensor, table.tensor))
  dense = (x: Value, kernel: Value, bias: Value): Value =>
    this.apply('dense', [x, kernel, bias], () => dense(this.factor(x), this.factor(kernel), bias.tensor, this.products))
  gelu = (x: Value): Value => this.apply('gelu', [x], () => gelu(x.tensor))
  layerNorm = (x: Value, gamma: Value, beta: Value, epsilon: number): Value =>
    this.apply('norm', [x, gamma, beta], () => layerNorm(x.tensor, gamma.tensor, beta.tensor, epsilon))
  conditionalNorm = this.layerNorm
  selectTask = (x: Value, taskIds: Value, width: number): Value =>
    this.apply('gather', [x, taskIds], () => selectTask(x.tensor, taskIds.tensor, width))

  normalize = (x: Value): Value => this.apply('similarity', [x], () => normalize(x.tensor))
  similarityLogits = (a: Value, b: Value, scale: Value, offset: Value): Value =>
    this.apply('similarity', [a, b, scale, offset], () =>
      similarityLogits(a.tensor, b.tensor, scale.tensor, offset.tensor)
    )

  /** 1 where the id is not 0 and at position 0, else 0. */
  attentionMask(tokenIds: Value): Value {
    return this.apply('gather', [tokenIds], () => {
      const [batch, seq] = tokenIds.tensor.shape as [number, number]
      const first = tf.oneHot(tf.zeros([batch], 'int32'), seq)
      return {
        output: tf.maximum(tf.cast(tf.notEqual(tokenIds.tensor, 0), 'float32'), first),
        saved: [],
        backward: () => [null]
      }
    })
  }

  rotary(x: Value, heads: number): Value {
    const tables = this.rotaryTables(x.tensor, heads)
    return this.apply('rotary', [x], () => rotary(x.tensor, tables))
  }

  /** The turns of x [batch, seq, hidden], which all passes over sequences of one length share. */
  rotaryTables({ shape }: Tensor, heads: number): RotaryTensors {
    const [, seq, hidden] = shape as [number, number, number]
    const key = `${seq} ${heads}`
    const known = this.tables.get(key)
    if (known) return known
    const tables = this.ownedTables(seq, heads, hidden / heads)
    this.tables.set(key, tables)
    return tables
  }

  attention(q: Value, k: Value, v: Value, mask: Value, heads: number): Value {
    const bias = this.keyBias(mask.tensor)
    return this.apply('attention', [q, k, v], () =>
      attention(q.tensor, k.tensor, v.tensor, bias, heads, this.options.recompute === 'attention', this.products)
    )
  }

  maskedMean(x: Value, mask: Value): Value {
    const pooled = this.apply('pooling', [x, mask], () => maskedMean(x.tensor, mask.tensor))
    this.show('pooled', 0, pooled)
    return pooled
  }

  onlyFirst(x: Value): Value {
    return this.options.firstOnly ? this.apply('pooling', [x], () => firstPosition(x.tensor)) : x
  }

  firstToken(x: Value): Value {
    const pooled = this.apply('pooling', [x], () => firstToken(x.tensor))
    this.show('pooled', 0, pooled)
    return pooled
  }

  dropout(x: Value, site: number): Value {
    const settings = this.dropoutAt(site)
    return settings ? this.apply('dropout', [x], () => dropout(x.tensor, settings.rate, settings.seed)) : x
  }

  layer(index: number, x: Value, body: (x: Value) => Value): Value {
    const numbered = (input: Value): Value => {
      const before = this.made
      const start = this.options.plan?.layerStarts[index] ?? before
      this.made = start
      const output = body(input)
      this.made = Math.max(this.made, before) // a layer that runs again for its gradient does not change the count
      return output
    }
    const output =
      this.options.recompute === 'layer' ? this.tape.recomputed(x, numbered) : this.tape.scoped(() => numbered(x))
    this.show('layer', index, output)
    return output
  }

  /** Runs a kernel as the plan's next value. */
  apply(kernel: string, inputs: readonly Value[], forward: () => Recorded): Value {
    return this.applyAs(this.next(), kernel, inputs, forward)
  }

  /** Runs a kernel as value `number` of the plan. */
  applyAs(number: number, kernel: string, inputs: readonly Value[], forward: () => Recorded): Value {
    const value = this.tape.apply(inputs, forward, kernel)
    const reads = this.readsOf(number)
    if (reads !== undefined) value.readsLeft = reads
    return value
  }

  /** The plan's number of the next value. */
  next(): number {
    return this.made++
  }

  /** Readers of a value, if there is a plan. */
  readsOf(number: number): number | undefined {
    return this.options.plan?.reads[number]
  }

  /** x W of a dense layer: an intermediate result outside the plan, read once. */
  product(x: Value, kernel: Value): Value {
    const factors = [this.factor(x), this.factor(kernel)] as const
    const product = this.tape.apply([x, kernel], () => denseProduct(...factors), 'dense')
    product.readsLeft = 1
    return product
  }

  /** The value as matrix products read it. */
  private factor(value: Value): Tensor {
    return this.isNarrow ? this.tape.narrowed(value) : value.tensor
  }

  get isNarrow(): boolean {
    return this.options.precision === 'bfloat16'
  }

  /** Attention by fused kernels, in the precision of the products. */
  fusedAttention(q: Value, k: Value, v: Value, mask: Value, heads: number): Value {
    const bias = this.keyBias(mask.tensor)
    const parts = [q, k, v].map((value) => this.factor(value))
    return this.apply('attention', [q, k, v], () =>
      fusedAttention(parts[0]!, parts[1]!, parts[2]!, bias, heads, this.options.recompute === 'attention')
    )
  }

  dropoutAt(site: number): { readonly rate: number; readonly seed: readonly [number, number] } | undefined {
    const settings = this.options.dropout
    if (!settings || settings.rate === 0) return undefined
    const [run, pass] = settings.seed
    return { rate: settings.rate, seed: [run * SITES + site, pass] }
  }

  /** An observed value has readers outside the network, so it lives until the end of the forward pass. */
  private show(place: 'layer' | 'pooled', index: number, value: Value): void {
    if (!this.options.observe) return
    delete value.readsLeft
    this.options.observe(place, index, value)
  }

  /** Added to scores by key: 0 on the mask, far below zero off it; [batch, 1, 1, seq]; only if a key is masked. */
  private keyBias(mask: Tensor): Tensor | null {
    if (this.options.padded === false) return null
    if (this.bias === undefined) {
      const [batch, seq] = mask.shape as [number, number]
      const bias = tf.tidy(() => tf.reshape(tf.mul(tf.sub(1, mask), MASKED), [batch, 1, 1, seq]))
      this.bias = this.tape.leaf(tf.keep(bias)).tensor
    }
    return this.bias
  }

  private ownedTables(seq: number, heads: number, headSize: number): RotaryTensors {
    const tables = rotaryTensors(seq, heads, headSize)
    this.tape.leaf(tf.keep(tables.forward))
    this.tape.leaf(tf.keep(tables.back))
    return tables
  }
}
