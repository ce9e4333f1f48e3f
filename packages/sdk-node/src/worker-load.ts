import type { CudaOptions, NodeDevice } from './options'

/** A graph on an inference server. */
export interface RemoteModel {
  /** Of the model, without a slash at the end: `http://host:8000/v2/models/NAME`. */
  readonly url: string
  /** Of the graph in the model folder. */
  readonly sha256: string
}

/** Verified bytes for a worker, so that what runs is what was hashed. */
export interface NodeLoad {
  readonly device: NodeDevice
  /** The server that runs the graph; `graph` is then empty, and `device` means nothing. */
  readonly remote?: RemoteModel | undefined
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
