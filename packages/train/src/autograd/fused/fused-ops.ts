import type { Initializer, Ops } from '@sohu-match/core'
import type { Value } from '../tape'
import type { TrainingOps } from '../training-ops'
import { biasGelu, biasRotary, branchNorm, branchSum, type Branch } from './kernels'

/**
 * A value that is not computed yet, so that its reader can do so in a fused pass. `number` is the value's in the plan.
 */
class Pending implements Branch<Value> {
  constructor(
    readonly number: number,
    readonly product: Value,
    readonly bias?: Value,
    readonly dropout?: Branch<Value>['dropout'],
    readonly residual?: Value,
    private resolved?: Value
  ) {}

  /** Computed by `compute` at the first call. */
  value(compute: (pending: Pending) => Value): Value {
    return (this.resolved ??= compute(this))
  }

  get inputs(): Value[] {
    return [this.product, ...(this.bias ? [this.bias] : []), ...(this.residual ? [this.residual] : [])]
  }

  get tensors() {
    const { product, bias, dropout, residual } = this
    return { product: product.tensor, bias: bias?.tensor, dropout, residual: residual?.tensor }
  }
}

type Operand = Value | Pending

/**
 * The network's primitives with the kernels of `native/`. Bias, dropout and residual sum of a branch wait until the
 * next norm, GELU or rotation reads them; for any other reader they run as a pass of their own. All other primitives are those of
 * `plain`.
 */
export class FusedOps implements Ops<Operand> {
  constructor(private readonly plain: TrainingOps) {}

  param = (name: string, shape: readonly number[], init: Initializer): Value => this.plain.param(name, shape, init)

  dense = (x: Operand, kernel: Operand, bias: Operand): Operand => {
    const product = this.plain.product(this.value(x), this.value(kernel))
    return new Pending(this.plain.next(), product, this.value(bias))
  }

  gelu = (x: Operand): Operand => {
    if (!(x instanceof Pending) || x.dropout || x.residual || !x.bias) return this.plain.gelu(this.value(x))
    return this.plain.apply('gelu', x.inputs, () => biasGelu(x.product.tensor, x.bias!.tensor))
  }

  rotary = (x: Operand, heads: number): Value => {
    if (!this.foldable(x) || !x.bias || x.dropout || x.residual) return this.plain.rotary(this.value(x), heads)
    const turns = this.plain.rotaryTables(x.product.tensor, heads).forward
    return this.plain.apply('rotary', x.inputs, () => biasRotary(x.product.tensor, x.bias!.tensor, turns))
  }

  dropout = (x: Operand, site: number): Operand => {
    const dropout = this.plain.dropoutAt(site)
    if (!dropout) return x
    if (this.foldable(x) && !x.dropout && !x.residual) return new Pending(this.plain.next(), x.product, x.bias, dropout)
    return new Pending(this.plain.next(), this.value(x), undefined, dropout)
  }

  add = (a: Operand, b: Operand): Operand => {
    if (!this.foldable(b) || b.residual) return this.plain.add(this.value(a), this.value(b))
    const residual = this.value(a)
    return new Pending(this.plain.next(), b.product, b.bias, b.dropout, residual)
  }

  layerNorm = (x: Operand, gamma: Operand, beta: Operand, epsilon: number): Operand => {
    const branch = this.foldable(x) ? x : new Pending(0, this.value(x))
    const [gain, offset] = [this.value(gamma), this.value(beta)]
    return this.plain.apply('norm', [...branch.inputs, gain, offset], () =>
      branchNorm(branch.tensors, gain.tensor, offset.tensor, { epsilon, toNarrow: this.plain.isNarrow })
    )
  }
  conditionalNorm = this.layerNorm

  attention = (q: Operand, k: Operand, v: Operand, mask: Operand, heads: number): Operand =>
    this.plain.fusedAttention(this.factor(q), this.factor(k), this.factor(v), this.value(mask), heads)

  layer = (index: number, x: Operand, body: (x: Operand) => Operand): Operand =>
    this.plain.layer(index, this.value(x), (input) => this.value(body(input)))

  gather = (table: Operand, ids: Operand): Value => this.plain.gather(this.value(table), this.value(ids))
  matmul = (a: Operand, b: Operand): Value => this.plain.matmul(this.value(a), this.value(b))
  addRow = (x: Operand, row: Operand): Value => this.plain.addRow(this.value(x), this.value(row))
  addPositions = (x: Operand, table: Operand): Value => this.plain.addPositions(this.value(x), this.value(table))
  attentionMask = (tokenIds: Operand): Value => this.plain.attentionMask(this.value(tokenIds))
  maskedMean = (x: Operand, mask: Operand): Value => this.plain.maskedMean(this.value(x), this.value(mask))
  onlyFirst = (x: Operand): Value => this.plain.onlyFirst(this.value(x))
  firstToken = (x: Operand): Value => this.plain.firstToken(this.value(x))
  normalize = (x: Operand): Value => this.plain.normalize(this.value(x))
  selectTask = (x: Operand, taskIds: Operand, width: number): Value =>
    this.plain.selectTask(this.value(x), this.value(taskIds), width)
  similarityLogits = (a: Operand, b: Operand, scale: Operand, offset: Operand): Value =>
    this.plain.similarityLogits(this.value(a), this.value(b), this.value(scale), this.value(offset))

  /** Runs a pending operand. */
  value(x: Operand): Value {
    if (!(x instanceof Pending)) return x
    return x.value((branch) => this.plain.applyAs(branch.number, 'add', branch.inputs, () => branchSum(branch.tensors)))
  }

  /** Runs a pending operand that only products read, in their precision. */
  private factor(x: Operand): Value {
    if (!this.plain.isNarrow || !this.foldable(x)) return this.value(x)
    return x.value((branch) =>
      this.plain.applyAs(branch.number, 'add', branch.inputs, () => branchSum(branch.tensors, true))
    )
  }

  /** True for a pending branch without other readers, whose steps its reader may fuse. */
  private foldable(x: Operand): x is Pending {
    return x instanceof Pending && this.plain.readsOf(x.number) === 1
  }
}
