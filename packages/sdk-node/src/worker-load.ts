import type { CudaOptions, NodeDevice } from './options'

/** What a worker needs to load a model; files are verified before. */
export interface NodeLoad {
  readonly device: NodeDevice
  readonly graphPath: string
  readonly graphBytes: number
  readonly graphFile: string
  readonly threads: number
  readonly vocab: Uint8Array
  /** Absent where the model cuts texts as BERT does. */
  readonly dictionary?: Uint8Array | undefined
  readonly cuda: CudaOptions
}

/** What a worker found out. */
export interface NodeLoaded {
  readonly runtimeVersion: string
}
