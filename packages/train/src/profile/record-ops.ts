import type { KernelObserver } from '../autograd/tape'
import { tf, type Tensor } from '../tfjs'

/** One TensorFlow operation as it ran. */
export interface OpRecord {
  readonly op: string
  /** The kernel and the pass that called it. */
  readonly kernel: string
  readonly phase: Parameters<KernelObserver>[1]
  /** Shapes of inputs and outputs, for a reader. */
  readonly shapes: string
  /** Since the recording began, and how long: microseconds. On a GPU the time is that of the launch. */
  readonly start: number
  readonly duration: number
  /** Of its outputs; an alias (a reshape, a bit cast, a read of a variable) counts as new. */
  readonly bytes: number
  /** Bytes of all tensors once it had run. */
  readonly liveBytes: number
}

/** The operations recorded while `body` ran. */
export interface Recording<T> {
  readonly result: T
  readonly ops: readonly OpRecord[]
  /** How often tensors were read back to the host, each a wait for the device. */
  readonly reads: number
  readonly peakBytes: number
  /** Microseconds. */
  readonly duration: number
}

type Backend = {
  executeSingleOutput(name: string, attributes: unknown, inputs: Tensor[]): Tensor
  executeMultipleOutputs(name: string, attributes: unknown, inputs: Tensor[], outputs: number): Tensor[]
  readSync(id: object): unknown
  read(id: object): Promise<unknown>
}

/** Records every operation that TensorFlow runs for `body`, which reports its current kernel to the observer it receives. */
export function recordOps<T>(body: (onKernel: KernelObserver) => T): Recording<T> {
  const backend = tf.backend() as unknown as Backend
  const ops: OpRecord[] = []
  const began = performance.now()
  let [kernel, phase]: Parameters<KernelObserver> = ['other', 'forward']
  let reads = 0
  let peakBytes = tf.memory().numBytes
  const timed = (op: string, inputs: readonly Tensor[], run: () => Tensor[]): Tensor[] => {
    const start = performance.now()
    const outputs = run()
    const end = performance.now()
    const liveBytes = tf.memory().numBytes
    peakBytes = Math.max(peakBytes, liveBytes)
    const bytes = outputs.reduce((sum, tensor) => sum + tensor.size * bytesPerElement(tensor.dtype), 0)
    ops.push({
      op,
      kernel,
      phase,
      shapes: `${shapes(inputs)} -> ${shapes(outputs)}`,
      start: (start - began) * 1000,
      duration: (end - start) * 1000,
      bytes,
      liveBytes
    })
    return outputs
  }
  const original = { ...bound(backend) }
  const { executeSingleOutput, executeMultipleOutputs, readSync, read } = original
  Object.assign(backend, {
    executeSingleOutput: (name, attributes, inputs) =>
      timed(name, inputs, () => [executeSingleOutput(name, attributes, inputs)])[0]!,
    executeMultipleOutputs: (name, attributes, inputs, outputs) =>
      timed(name, inputs, () => executeMultipleOutputs(name, attributes, inputs, outputs)),
    readSync: (id) => {
      reads++
      return readSync(id)
    },
    read: (id) => {
      reads++
      return read(id)
    }
  } satisfies Backend)
  try {
    const result = body((nextKernel, nextPhase) => {
      ;[kernel, phase] = [nextKernel, nextPhase]
    })
    return { result, ops, reads, peakBytes, duration: (performance.now() - began) * 1000 }
  } finally {
    for (const name of Object.keys(original)) delete (backend as Partial<Backend>)[name as keyof Backend] // the prototype's methods are seen again
  }
}

function bound(backend: Backend): Backend {
  return {
    executeSingleOutput: backend.executeSingleOutput.bind(backend),
    executeMultipleOutputs: backend.executeMultipleOutputs.bind(backend),
    readSync: backend.readSync.bind(backend),
    read: backend.read.bind(backend)
  }
}

function shapes(tensors: readonly Tensor[]): string {
  return tensors.map(({ shape }) => `[${shape.join(',')}]`).join(' ')
}

function bytesPerElement(dtype: Tensor['dtype']): number {
  return { float32: 4, int32: 4, bool: 1, complex64: 8, string: 0 }[dtype]
}
