import {
  checkLoadOptions,
  MatcherError,
  type CommonOptions,
  type Dtype,
  type Matcher,
  type MatcherInfo,
  type Task,
  type TaskType,
  type TaskTypes
} from '@sohu-match/core'
import type { StorageKind, WebDevice } from './messages'

export interface MatcherOptions<T extends string = Task> extends CommonOptions<T> {
  /** Absolute or relative to the page; its query is added to every file. Other origins need CORS headers. */
  readonly model: string | URL
  /**
   * Default: `auto`, WebGPU if the browser has a hardware adapter, otherwise wasm; `info.reasons` explains the choice.
   * A named device that is missing is an error.
   */
  readonly device?: WebDevice | 'auto' | undefined
  /** Default: `auto`, q8 on WebGPU, int8 on wasm. */
  readonly dtype?: Dtype | 'auto' | undefined
  /**
   * Workers of wasm, each with its own session, tokenizer and memory of another model: on pages that are not
   * cross-origin isolated, they use the processors that threads cannot. Default: 1. Always 1 on WebGPU, and after a
   * lost WebGPU device.
   */
  readonly workers?: number | undefined
  /**
   * Threads of each worker of wasm. Default: half the logical processors, at most 4; with several workers 1. Always 1
   * unless the page is cross-origin isolated.
   */
  readonly threads?: number | undefined
  /**
   * The worker's script if the bundler does not follow `new URL('./worker.js', import.meta.url)`: an address of this
   * origin, or a function that starts it.
   */
  readonly worker?: string | URL | (() => Worker) | undefined
  /** Folder of onnxruntime-web's files (this package's `dist/ort`) if it is not next to the worker's script. */
  readonly assetBase?: string | URL | undefined
  /**
   * Fetches manifest, model files and runtime instead of the browser's `fetch`, on the page's thread: for headers,
   * signed addresses, other sources.
   */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Keep files for the next visit (OPFS, or the Cache API). Default: true. */
  readonly cache?: boolean | undefined
  /**
   * Fetch each file of the model as its gzipped sibling, `FILE.gz`, and unpack it here: for servers that do not compress.
   * Where that is missing or of no use, the file itself is fetched, and a note in `info` says why; an interrupted
   * download resumes with the file itself, too. Default: false.
   */
  readonly gzip?: boolean | undefined
  /**
   * Keep a bi-encoder's vectors for the next visit (IndexedDB), with their texts: at most `cacheSize` texts of all
   * models, none above 4,096 characters. Default: false.
   */
  readonly keepVectors?: boolean | undefined
}

/** Options of `listAssets` and `preload`: those of `createMatcher` that affect loading. */
export type LoadOptions = Pick<
  MatcherOptions<string>,
  'model' | 'device' | 'dtype' | 'worker' | 'assetBase' | 'fetch' | 'cache' | 'gzip' | 'signal' | 'onProgress'
>

/** After a lost WebGPU device it reports the move to wasm. */
export interface WebMatcherInfo extends MatcherInfo {
  readonly device: WebDevice
  readonly storage: StorageKind
  /** Bytes of model (unpacked) and runtime from the network, and from storage. */
  readonly fetchedBytes: number
  readonly reusedBytes: number
  /** Limitations: no threads, no storage, offline. */
  readonly notes: readonly string[]
}

/** A matcher in a worker of this page. */
export interface WebMatcher<
  T extends string = Task,
  C extends TaskTypes = Readonly<Record<T, TaskType>>
> extends Matcher<T, C> {
  readonly info: WebMatcherInfo
}

/** The absolute address of a folder, ending in a slash. Throws `input-invalid`. */
export function folderAddress(value: string | URL, option: string): string {
  try {
    const url = new URL(value, globalThis.document?.baseURI ?? location.href)
    url.pathname = url.pathname.replace(/\/?(manifest\.json)?$/, '/')
    return url.href
  } catch (cause) {
    throw new MatcherError(
      'input-invalid',
      `The option ${option} is ${JSON.stringify(value)}; it must be the address of a folder.`,
      { cause }
    )
  }
}

/** Throws `input-invalid`. */
export function checkWebOptions(options: MatcherOptions<string> | undefined): void {
  if (!options?.model)
    throw new MatcherError('input-invalid', 'createMatcher needs the option model, the address of a model folder.')
  checkLoadOptions(options)
  for (const name of ['threads', 'workers'] as const) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw new MatcherError('input-invalid', `${name} is ${value}; it must be a whole number of at least 1.`)
  }
}
