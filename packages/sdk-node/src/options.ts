import type { CommonOptions, Task } from '@sohu-match/core'

/** A device that runs the network in Node. */
export type NodeDevice = 'cuda' | 'webgpu' | 'cpu'

/** Options of the CUDA device (onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html). */
export interface CudaOptions {
  /** Which GPU, as CUDA numbers them. Default 0. */
  readonly deviceId?: number | undefined
  /** Bytes that the provider's arena may take (`gpu_mem_limit`). onnxruntime-node 1.30 does not read it; see `info.reasons`. */
  readonly memoryLimit?: number | undefined
  /** Further provider options by their documented names. onnxruntime-node 1.30 does not read them; see `info.reasons`. */
  readonly providerOptions?: Readonly<Record<string, string>> | undefined
}

/** Options of `createMatcher`. `model` is the path of a model folder, or its `file:` URL. */
export interface MatcherOptions<T extends string = Task> extends CommonOptions<T> {
  /** Default `auto`: cuda where its libraries and a driver are, else cpu. A named device that cannot be used is an error. */
  readonly device?: NodeDevice | 'auto' | undefined
  /** Worker threads, each with its own session and tokenizer. Default 1: a second one costs the memory of another model. */
  readonly workers?: number | undefined
  /** Threads of each session on the CPU. Default: the cores this process may use (on x64 half its processors), shared among the workers; at most 8. */
  readonly threads?: number | undefined
  readonly cuda?: CudaOptions | undefined
}
