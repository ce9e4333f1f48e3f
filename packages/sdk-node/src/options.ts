import type { CommonOptions, Task } from '@sohu-match/core'

/** A device that runs the network in Node. */
export type NodeDevice = 'cuda' | 'webgpu' | 'cpu'

/** Options of the CUDA device: onnxruntime-node 1.30 reads no other. */
export interface CudaOptions {
  /** Which GPU, as CUDA numbers them. Default 0. */
  readonly deviceId?: number | undefined
}

/** Options of `createMatcher`. `model` is the path of a model folder, or its `file:` URL. */
export interface MatcherOptions<T extends string = Task> extends CommonOptions<T> {
  /** Default `auto`: cuda where its libraries and a driver are installed, else cpu. A named device that cannot be used is an error. */
  readonly device?: NodeDevice | 'auto' | undefined
  /**
   * Worker threads, each with its own session and tokenizer, and the memory of another model. Default on the CPU: one for each processor,
   * at most 4; on other devices 1.
   */
  readonly workers?: number | undefined
  /** Threads of each session on the CPU. Default: the processors divided among the workers, at most 8. */
  readonly threads?: number | undefined
  readonly cuda?: CudaOptions | undefined
}
