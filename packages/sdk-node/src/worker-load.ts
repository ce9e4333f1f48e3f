import type { CudaOptions, NodeDevice } from './options'

/** What a worker needs to load a model: verified bytes, so that what runs is what was hashed. */
export interface NodeLoad {
  readonly device: NodeDevice
  /** Name of the graph in its folder, for progress and messages. */
  readonly graphFile: string
  /** The graph's bytes, in memory that all workers share. */
  readonly graph: Uint8Array
  /** Files beside the graph that hold its larger weights, by the names that the graph gives them. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[]
  readonly threads: number
  readonly vocab: Uint8Array
  /** Absent where the model cuts texts as BERT does. */
  readonly dictionary?: Uint8Array | undefined
  readonly cuda: CudaOptions
}

/** What a worker reports once it has loaded. */
export interface NodeLoaded {
  readonly runtimeVersion: string
}
