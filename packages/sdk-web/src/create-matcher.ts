import {
  createMatcherFrom,
  MatcherError,
  type ClassifyTypes,
  type Task,
  type TaskNames,
  type TaskTypes
} from '@sohu-match/core'
import { createWebEngine, type WebEngine } from './engine'
import type { LoadedWorker } from './start-worker'
import { checkWebOptions, type MatcherOptions, type WebMatcher } from './options'
import { startOnDevice, type StartedWorker } from './start-device'
import { createVectorStore } from './vector-store'

/** Default number of texts whose vectors are kept between visits: 40 MB at 2 kB per vector of 512. */
const VECTORS_KEPT = 20_000

/**
 * `createMatcher<Tasks>` with the types of `types.d.ts` in the model folder: `classify` then knows the labels. Without types,
 * the other signature applies.
 */
export function createMatcher<Types extends TaskTypes = Record<never, never>>(
  options: [keyof Types] extends [never] ? never : MatcherOptions<keyof NoInfer<Types> & string>
): Promise<WebMatcher<TaskNames<Types, 'match'>, ClassifyTypes<Types>>>
/**
 * Loads a model into a worker of this page and returns its matcher.
 *
 * Throws `device-unavailable`, `dtype-missing`, `manifest-invalid`, `asset-missing`, `asset-corrupt`, `network`,
 * `task-unknown`, `input-invalid`, `inference-failed`; an abort rejects with the signal's reason.
 */
export function createMatcher<const T extends string = Task>(options: MatcherOptions<T>): Promise<WebMatcher<T>>
export async function createMatcher<T extends string>(options: MatcherOptions<T>): Promise<WebMatcher<T>> {
  checkWebOptions(options)
  const engine = await startEngine(options)
  try {
    return createWebMatcher(engine, options)
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

function createWebMatcher<T extends string>(engine: WebEngine, options: MatcherOptions<T>): WebMatcher<T> {
  const facts = {
    get workers() {
      return engine.current.workers
    },
    get device() {
      return engine.current.device
    },
    get dtype() {
      return engine.current.loaded.dtype
    },
    get modelHash() {
      return engine.current.loaded.modelHash
    },
    get threads() {
      return engine.current.loaded.threads
    },
    get reasons() {
      return engine.current.reasons
    },
    get versions() {
      return { 'onnxruntime-web': engine.current.loaded.runtimeVersion }
    }
  }
  const { keepVectors = false, cacheSize = VECTORS_KEPT } = options
  const store = keepVectors ? createVectorStore(cacheSize) : undefined
  const matcher = createMatcherFrom<T>(engine, engine.current.loaded.manifest, facts, options, store)
  return {
    ...matcher,
    get info() {
      const { storage, fetchedBytes, reusedBytes, notes } = engine.current.loaded
      const all = [...notes, ...(store?.notes ?? [])]
      return { ...matcher.info, device: facts.device, storage, fetchedBytes, reusedBytes, notes: all }
    }
  }
}

async function startEngine(options: MatcherOptions<string>): Promise<WebEngine> {
  const { started, reasons, another } = await startOnDevice(options)
  const { device } = started.load
  const mayMove = device === 'webgpu' && (options.device ?? 'auto') === 'auto'
  const move = mayMove ? () => another('wasm') : undefined
  const workers = device === 'wasm' ? [started, ...(await startOthers(started, options, another))] : [started]
  return createWebEngine(workers, reasons, move)
}

/** Starts the other workers once the first has stored the files. If one fails or the signal is aborted, all end. */
async function startOthers(
  first: LoadedWorker,
  { workers = 1, signal }: MatcherOptions<string>,
  another: StartedWorker['another']
): Promise<LoadedWorker[]> {
  const abort = new AbortController()
  const onAbort = (): void => abort.abort(signal!.reason)
  signal?.addEventListener('abort', onAbort)
  const starts = Array.from({ length: workers - 1 }, () => another('wasm', abort.signal))
  try {
    signal?.throwIfAborted()
    return await Promise.all(starts)
  } catch (error) {
    abort.abort(error)
    for (const worker of [
      first,
      ...(await Promise.allSettled(starts)).flatMap((one) => ('value' in one ? one.value : []))
    ])
      worker.end(new MatcherError('disposed', 'Loading failed.'))
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
