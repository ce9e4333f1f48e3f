import type { CudaOptions, NodeDevice } from './options'

/** Verified bytes for a worker, so that what runs is what was hashed. */
export interface NodeLoad {
  readonly device: NodeDevice
  /** For progress and messages. */
  readonly graphFile: string
  /** In memory that all workers share. */
  readonly graph: Uint8Array
  /** Columns of its logits. Default 2. */
  readonly outputs?: number | undefined
  /** Files next to the graph with its larger weights, by the graph's names for them. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[]
  readonly threads: number
  readonly vocab: Uint8Array
  /** Absent for BERT's tokenizer. */
  readonly dictionary?: Uint8Array | undefined
  readonly cuda: CudaOptions
}

export interface NodeLoaded {
  readonly runtimeVersion: string
}
