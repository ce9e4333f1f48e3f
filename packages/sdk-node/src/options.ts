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
   * URL of the model on an inference server that runs the graph instead of this process, such as
   * `http://triton:8000/v2/models/zh`. The server speaks the open inference protocol v2 with binary tensors (Triton,
   * KServe) and holds a graph that `export` wrote with `--layout triton`; texts are tokenized, batched and judged here, by
   * the rest of the same folder. `info.device` is then `remote`.
   */
  readonly endpoint?: string | undefined
  /**
   * Worker threads, each with its own session and tokenizer, and the memory of another model. Default on the CPU: one
   * per processor, at most 4; on other devices 1, and 2 with an `endpoint`.
   */
  readonly workers?: number | undefined
  /** Threads of each session on the CPU. Default: the processors divided by the workers, at most 8. */
  readonly threads?: number | undefined
  readonly cuda?: CudaOptions | undefined
}
