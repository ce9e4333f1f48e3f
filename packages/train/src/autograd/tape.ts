import { isNarrow, narrow, tf, type Tensor } from '../tfjs'
import { Lifetimes } from './lifetimes'
import { sumOf, sumOfBoth } from './tensor-ops'

/** `parameter` names a leaf whose gradient is returned; `differentiable` is false for ids and masks. */
export class Value {
  /** The tensor in bfloat16, for products; freed with the tensor. */
  narrow?: Tensor
  /** Remaining forward readers, if known; the last one frees the tensor unless a backward pass reads it. */
  readsLeft?: number

  constructor(
    readonly tensor: Tensor,
    readonly differentiable: boolean,
    readonly parameter?: string
  ) {}
}

/** Result of a primitive's forward pass: its output, the tensors that its backward pass reads, and that pass. */
export interface Recorded {
  readonly output: Tensor
  /** The output in bfloat16, if the primitive returns that as well. */
  readonly narrow?: Tensor
  readonly saved: readonly Tensor[]
  /** dy, the gradient of the output -> one gradient per input, `null` if none is needed. */
  readonly backward: (dy: Tensor) => readonly (Tensor | null)[]
}

/** Called with the kernel about to run and its pass; profiles attribute time by it. */
export type KernelObserver = (kernel: string, phase: 'forward' | 'backward' | 'update') => void

interface TapeNode {
  readonly kernel: string
  readonly inputs: readonly Value[]
  readonly output: Value
  readonly saved: readonly Tensor[]
  readonly backward: Recorded['backward']
}

/**
 * Reverse-mode differentiation over hand-derived primitives. Unlike TensorFlow.js' own tape it keeps only what a backward pass reads,
 * frees it as soon as that pass has run, and can record a block a second time during the backward pass (recomputation).
 */
export class Tape {
  readonly lifetimes = new Lifetimes()
  /** Gradients that have arrived for each value; summed in one pass when they are read. */
  private readonly gradients = new Map<Value, Tensor[]>()
  private nodes: TapeNode[] = []
  private readonly leaves: Value[] = []
  private scope = new Set<Value>()
  private recording: boolean
  private readonly observe: KernelObserver | undefined

  /** Without `recording` nothing is kept for a backward pass, and there is none. */
  constructor({
    recording = true,
    onKernel
  }: { readonly recording?: boolean; readonly onKernel?: KernelObserver } = {}) {
    this.recording = recording
    this.observe = onKernel
  }

  /** The tape takes ownership of the tensor and frees it in `dispose`. */
  leaf(tensor: Tensor, options: { differentiable?: boolean; parameter?: string } = {}): Value {
    this.lifetimes.retain(tensor)
    const value = new Value(tensor, options.differentiable ?? false, options.parameter)
    this.leaves.push(value)
    return value
  }

  /** Runs a primitive and records it if a gradient can reach one of its inputs; `kernel` names it in profiles. */
  apply(inputs: readonly Value[], forward: () => Recorded, kernel = 'other'): Value {
    this.observe?.(kernel, 'forward')
    const recorded = tidyRecorded(forward)
    const differentiable = inputs.some((input) => input.differentiable)
    recorded.saved.forEach((tensor) => this.lifetimes.retain(tensor))
    const output = this.hold(new Value(recorded.output, differentiable))
    if (recorded.narrow) output.narrow = recorded.narrow
    this.retain(output)
    if (this.recording && differentiable) {
      this.nodes.push({ kernel, inputs, output, saved: recorded.saved, backward: recorded.backward })
    } else {
      recorded.saved.forEach((tensor) => this.lifetimes.release(tensor))
    }
    inputs.forEach((input) => this.wasRead(input))
    return output
  }

  /** Everything created in `body` is freed at its end, except its result and what backward passes read. */
  scoped(body: () => Value): Value {
    const outer = this.scope
    this.scope = new Set()
    const output = body()
    this.retain(output)
    this.closeScope()
    this.scope = outer
    return this.hold(output)
  }

  /** Runs `body` on x keeping only x, and again when the gradient arrives (Chen et al. 2016, arXiv:1604.06174). */
  recomputed(x: Value, body: (x: Value) => Value): Value {
    const wasRecording = this.recording
    this.recording = false
    const output = this.scoped(() => body(x))
    this.recording = wasRecording
    if (!wasRecording) return output
    const result = new Value(output.tensor, true)
    if (output.narrow) result.narrow = output.narrow
    if (output.readsLeft !== undefined) result.readsLeft = output.readsLeft
    this.scope.delete(output)
    this.hold(result)
    this.lifetimes.retain(x.tensor)
    this.nodes.push({
      kernel: 'recomputed',
      inputs: [x],
      output: result,
      saved: [x.tensor],
      backward: (dy) => [this.replay(x, body, dy)]
    })
    return result
  }

  /** Gradients of a scalar `loss` with respect to every parameter, by name. The caller owns them. */
  backward(loss: Value, seed: Tensor): Map<string, Tensor> {
    this.accumulate(loss, seed)
    this.closeScope()
    this.unwind(0)
    const byName = new Map<string, Tensor>()
    for (const value of [...this.gradients.keys()]) {
      const gradient = this.take(value)!
      if (value.parameter === undefined) {
        this.lifetimes.release(gradient)
      } else {
        this.lifetimes.disown(gradient)
        byName.set(value.parameter, withEarlier(byName.get(value.parameter), gradient))
      }
    }
    return byName
  }

  /** Frees every tensor that the tape still owns, but not returned gradients. */
  dispose(): void {
    this.nodes.forEach((node) => node.saved.forEach((tensor) => this.lifetimes.release(tensor)))
    this.nodes = []
    this.leaves.splice(0).forEach((value) => this.release(value))
    this.closeScope()
  }

  private hold(value: Value): Value {
    this.scope.add(value)
    return value
  }

  /** Frees the scope's tensors except those that backward passes read. */
  private closeScope(): void {
    this.scope.forEach((value) => this.release(value))
    this.scope.clear()
  }

  /** The value in bfloat16, created once. */
  narrowed(value: Value): Tensor {
    if (isNarrow(value.tensor)) return value.tensor
    if (!value.narrow) {
      value.narrow = tf.keep(narrow(value.tensor))
      this.lifetimes.retain(value.narrow)
    }
    return value.narrow
  }

  private retain(value: Value): void {
    this.lifetimes.retain(value.tensor)
    if (value.narrow) this.lifetimes.retain(value.narrow)
  }

  private release(value: Value): void {
    this.lifetimes.release(value.tensor)
    if (value.narrow) this.lifetimes.release(value.narrow)
  }

  /** Frees a value of the current scope after its last reader; recomputed layers may read others again. */
  private wasRead(value: Value): void {
    if (value.readsLeft === undefined) return
    value.readsLeft--
    if (value.readsLeft === 0 && this.scope.delete(value)) this.release(value)
  }

  /** Runs the recorded backward passes, newest first, down to node `floor`. */
  private unwind(floor: number): void {
    while (this.nodes.length > floor) {
      const node = this.nodes.pop()!
      this.observe?.(node.kernel, 'backward')
      const dy = this.take(node.output)
      if (dy) {
        tf.tidy(() => {
          node.backward(dy).forEach((gradient, i) => {
            if (gradient && node.inputs[i]!.differentiable) this.accumulate(node.inputs[i]!, tf.keep(gradient))
          })
        })
        this.lifetimes.release(dy)
      }
      node.saved.forEach((tensor) => this.lifetimes.release(tensor))
    }
  }

  private accumulate(value: Value, gradient: Tensor): void {
    this.lifetimes.retain(gradient)
    const arrived = this.gradients.get(value)
    if (arrived) arrived.push(gradient)
    else this.gradients.set(value, [gradient])
  }

  /** The sum of the gradients of a value, which then has none. */
  private take(value: Value): Tensor | undefined {
    const arrived = this.gradients.get(value)
    if (!arrived) return undefined
    this.gradients.delete(value)
    const asValue = (gradient: Tensor): boolean => isNarrow(gradient) === isNarrow(value.tensor)
    if (arrived.length === 1 && asValue(arrived[0]!)) return arrived[0]
    const sum = tf.keep(arrived.every(asValue) && !isNarrow(value.tensor) ? sumOf(arrived) : mixedSum(arrived, value))
    this.lifetimes.retain(sum)
    arrived.forEach((gradient) => this.lifetimes.release(gradient))
    return sum
  }

  /** The second, recorded run of a block, and its backward pass. */
  private replay(x: Value, body: (x: Value) => Value, dy: Tensor): Tensor {
    const floor = this.nodes.length
    const input = new Value(x.tensor, true)
    const outer = this.scope
    this.scope = new Set()
    const output = body(input)
    this.accumulate(output, dy)
    this.closeScope()
    this.scope = outer
    this.unwind(floor)
    const gradient = this.take(input)!
    this.lifetimes.disown(gradient)
    if (input.narrow) this.lifetimes.release(input.narrow)
    return gradient
  }
}

/** The sum of gradients in both precisions, in the value's. */
function mixedSum(gradients: readonly Tensor[], value: Value): Tensor {
  return tf.tidy(() => {
    const sum = sumOfBoth(gradients)
    return isNarrow(value.tensor) ? narrow(sum) : sum
  })
}

/** Adds the gradient of an earlier leaf of the same parameter: each pass on a tape reads its parameters. */
function withEarlier(earlier: Tensor | undefined, gradient: Tensor): Tensor {
  if (!earlier) return gradient
  const sum = tf.keep(sumOf([earlier, gradient]))
  tf.dispose([earlier, gradient])
  return sum
}

/** Frees the temporaries of a forward pass and keeps its output and saved tensors beyond every TensorFlow.js scope. */
function tidyRecorded(forward: () => Recorded): Recorded {
  let recorded: Recorded | undefined
  tf.tidy(() => {
    recorded = forward()
    tf.keep(recorded.output)
    if (recorded.narrow) tf.keep(recorded.narrow)
    recorded.saved.forEach((tensor) => tf.keep(tensor))
  })
  return recorded!
}
