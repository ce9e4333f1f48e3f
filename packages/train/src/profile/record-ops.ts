import type { KernelObserver } from '../autograd/tape'
import { tf, type Tensor } from '../tfjs'

/** One TensorFlow operation as it ran. */
export interface OpRecord {
  readonly op: string
  /** The kernel and the pass that called it. */
  readonly kernel: string
  readonly phase: Parameters<KernelObserver>[1]
  /** Shapes of inputs and outputs, as text. */
  readonly shapes: string
  /** Microseconds since the recording began, and their number. On a GPU, the time of the launch. */
  readonly start: number
  readonly duration: number
  /** Bytes of its outputs; an alias (a reshape, a bit cast, a read of a variable) counts as new. */
  readonly bytes: number
  /** Bytes of all tensors after it. */
  readonly liveBytes: number
}

export interface Recording<T> {
  readonly result: T
  readonly ops: readonly OpRecord[]
  /** Reads by the host, each of which waits for the device. */
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

/** Records every TensorFlow operation that runs in `body`, which reports its current kernel to the observer. */
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
    for (const name of Object.keys(original)) delete (backend as Partial<Backend>)[name as keyof Backend] // uncovers the prototype's methods
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
