import type { CommonOptions, Task } from '@sohu-match/core'

export type NodeDevice = 'cuda' | 'webgpu' | 'cpu'

/** onnxruntime-node 1.30 reads no other options. */
export interface CudaOptions {
  /** GPU by CUDA's numbering. Default: 0. */
  readonly deviceId?: number | undefined
}

/** `model` is the path of a model folder, or its `file:` URL. */
export interface MatcherOptions<T extends string = Task> extends CommonOptions<T> {
  /** Default: `auto`, cuda if its libraries and a driver are installed, otherwise cpu. A named device must work. */
  readonly device?: NodeDevice | 'auto' | undefined
  /**
   * Worker threads, each with its own session and tokenizer, and the memory of another model. Default on the CPU: one
   * per processor, at most 4; on other devices 1.
   */
  readonly workers?: number | undefined
  /** Threads of each session on the CPU. Default: the processors divided by the workers, at most 8. */
  readonly threads?: number | undefined
  readonly cuda?: CudaOptions | undefined
}
