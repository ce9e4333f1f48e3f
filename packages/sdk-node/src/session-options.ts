import type { Env, InferenceSession } from 'onnxruntime-node'
import type { CudaOptions } from './options'
import type { NodeLoad } from './worker-load'

/** The version of onnxruntime-node. */
export function runtimeVersion({ versions }: Env): string {
  return versions.node ?? versions.common
}

/** Session options of a device: errors only in the log (it warns of every node that a GPU leaves to the CPU), and no spinning threads. */
export function sessionOptions(
  device: NodeLoad['device'],
  threads: number,
  cuda: CudaOptions
): InferenceSession.SessionOptions {
  const provider = device === 'cuda' ? { name: 'cuda', deviceId: cuda.deviceId ?? 0 } : { name: device }
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    // Threads that wait by spinning take the processor from the event loop and from other workers.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } }
  }
}
