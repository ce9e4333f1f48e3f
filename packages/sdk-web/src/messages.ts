import type { Dtype, Manifest } from '@sohu-match/core'

/** A device that runs the network in a browser. */
export type WebDevice = 'webgpu' | 'wasm'

/** What a worker needs to load a model on one device. Addresses are absolute. */
export interface WebLoad {
  /** Address of the model folder, ending in a slash. */
  readonly model: string
  readonly device: WebDevice
  readonly dtype: Dtype | 'auto'
  /** Address of the folder with onnxruntime-web's files, ending in a slash; undefined: beside the worker. */
  readonly assetBase: string | undefined
  /** Threads of wasm; undefined: by the machine. */
  readonly threads: number | undefined
  /** Whether files are kept between visits. */
  readonly cache: boolean
  /** Whether the page fetches for the worker, because its caller gave a `fetch` of its own. */
  readonly pageFetches: boolean
  /** Where loading stops early: once every file is listed, or stored. */
  readonly until?: 'listed' | 'stored' | undefined
}

/** A file that a device loads. */
export interface Asset {
  /** Path within the model folder, or the name of a file of this package. */
  readonly file: string
  /** Absolute address. */
  readonly url: string
  readonly bytes: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

/** What a worker reports once it has loaded. */
export interface WebLoaded {
  readonly manifest: Manifest
  readonly modelHash: string
  readonly dtype: Dtype
  readonly threads: number
  /** What the device is, for `info.reasons`. */
  readonly deviceReason: string
  readonly storage: StorageKind
  /** Bytes of files that came over the network, and out of storage. */
  readonly fetchedBytes: number
  readonly reusedBytes: number
  /** What a reader of `info` may want to know: no threads, no storage, offline. */
  readonly notes: readonly string[]
  readonly runtimeVersion: string
  /** Everything that is fetched, where that was asked for. */
  readonly assets: readonly Asset[]
}

/** Where files stay between visits: the origin's private file system, the Cache API, or nowhere. */
export type StorageKind = 'opfs' | 'cache' | 'none'

/** The folder (OPFS) and the cache (Cache API) that hold everything this library keeps. */
export const STORE_NAME = 'sohu-match'

/** A worker's request to fetch through the page; everything else about it passes through the port. */
export interface FetchRequest {
  readonly type: 'fetch'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly cache: RequestCache
  readonly port: MessagePort
}

/** The worker's messages through the port: send the next chunk, or stop. */
export type FetchPull = 'pull' | 'cancel'

/** The page's messages through the port: first the head, then a chunk for each pull, or the failure. */
export type FetchPush =
  | {
      readonly type: 'head'
      readonly status: number
      readonly statusText: string
      readonly headers: [string, string][]
    }
  | { readonly type: 'chunk'; readonly chunk: Uint8Array<ArrayBuffer> | undefined }
  | { readonly type: 'failure'; readonly message: string }
