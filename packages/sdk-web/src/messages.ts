import type { Dtype, Manifest } from '@sohu-match/core'

export type WebDevice = 'webgpu' | 'wasm'

/** Parameters of loading a model on one device. Addresses are absolute. */
export interface WebLoad {
  /** Ends in a slash. */
  readonly model: string
  readonly device: WebDevice
  readonly dtype: Dtype | 'auto'
  /** Folder with onnxruntime-web's files, ending in a slash. Default: next to the worker. */
  readonly assetBase: string | undefined
  /** Threads of wasm. Default: by the machine. */
  readonly threads: number | undefined
  /** Keeps files between visits. */
  readonly cache: boolean
  /** Fetches each file of the model as its gzipped sibling. */
  readonly gzip: boolean
  /** The page fetches for the worker, with its caller's own `fetch`. */
  readonly pageFetches: boolean
  /** Stops loading early: once every file is listed, or stored. */
  readonly until?: 'listed' | 'stored' | undefined
}

export interface Asset {
  /** Path within the model folder, or the name of a file of this package. */
  readonly file: string
  /** Absolute. With the option `gzip`, that of the gzipped sibling. */
  readonly url: string
  /** Size of the file, not of its gzipped sibling. */
  readonly bytes: number
  /** Of the file, in lower-case hexadecimal. */
  readonly sha256: string
}

/** A file with the address of its gzipped sibling, which is fetched first. */
export interface GzippedAsset extends Asset {
  readonly gzipped?: string | undefined
}

/** Result of loading. */
export interface WebLoaded {
  readonly manifest: Manifest
  readonly modelHash: string
  readonly dtype: Dtype
  readonly threads: number
  /** Description of the device for `info.reasons`. */
  readonly deviceReason: string
  readonly storage: StorageKind
  /** Bytes from the network, and from storage. */
  readonly fetchedBytes: number
  readonly reusedBytes: number
  /** Limitations for readers of `info`: no threads, no storage, offline. */
  readonly notes: readonly string[]
  readonly runtimeVersion: string
  /** Every fetched file, if requested. */
  readonly assets: readonly Asset[]
}

/** Storage between visits: the origin's private file system, the Cache API, or none. */
export type StorageKind = 'opfs' | 'cache' | 'none'

/** Name of the folder (OPFS) and of the cache (Cache API). */
export const STORE_NAME = 'sohu-match'

/** A worker's request to fetch through the page; everything else passes through the port. */
export interface FetchRequest {
  readonly type: 'fetch'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly cache: RequestCache
  readonly port: MessagePort
}

/** From the worker through the port: send the next chunk, or stop. */
export type FetchPull = 'pull' | 'cancel'

/** From the page through the port: first the head, then a chunk per pull, or the failure. */
export type FetchPush =
  | {
      readonly type: 'head'
      readonly status: number
      readonly statusText: string
      readonly headers: [string, string][]
    }
  | { readonly type: 'chunk'; readonly chunk: Uint8Array<ArrayBuffer> | undefined }
  | { readonly type: 'failure'; readonly message: string }
