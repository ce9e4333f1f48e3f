import {
  checkLoadOptions,
  createMatcherFrom,
  MatcherError,
  startFirst,
  type DeviceCandidate,
  type Task
} from '@sohu-match/core'
import { createWebEngine, type WebEngine } from './engine'
import type { WebDevice, WebLoad } from './messages'
import { folderAddress, type MatcherOptions, type WebMatcher } from './options'
import { startWorker, type LoadedWorker } from './start-worker'
import { createVectorStore } from './vector-store'
import { probeWebGpu } from './webgpu'

/** Texts whose vectors are kept between visits, unless `cacheSize` says otherwise: 40 MB at 2 kB a vector of 512. */
const VECTORS_KEPT = 20_000

/**
 * Loads a model into a worker of this page and returns its matcher.
 *
 * Throws `device-unavailable`, `dtype-missing`, `manifest-invalid`, `asset-missing`, `asset-corrupt`, `network`, `task-unknown`,
 * `input-invalid`, `inference-failed`; an abort passes the signal's reason through.
 */
export async function createMatcher<const T extends string = Task>(options: MatcherOptions<T>): Promise<WebMatcher<T>> {
  checkScope()
  checkOptions(options)
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
    workers: 1,
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
  const { device = 'auto', dtype = 'auto', signal, worker, fetch, onProgress } = options
  const load: Omit<WebLoad, 'device'> = {
    model: folderAddress(options.model, 'model'),
    dtype,
    assetBase: options.assetBase === undefined ? undefined : folderAddress(options.assetBase, 'assetBase'),
    threads: options.threads,
    cache: options.cache ?? true,
    pageFetches: fetch !== undefined
  }
  const start = (device: WebDevice, signal?: AbortSignal): Promise<LoadedWorker> =>
    startWorker({ ...load, device }, { worker, fetch, signal, onProgress })
  const candidates: DeviceCandidate<WebDevice>[] =
    device === 'auto' ? [{ device: 'webgpu', refusal: await whyNotWebGpu(dtype) }, { device: 'wasm' }] : [{ device }]
  const { started, reasons } = await startFirst<WebDevice, LoadedWorker>(candidates, {
    start: (device) => start(device, signal),
    reasonOf: ({ loaded }) => loaded.deviceReason,
    failures: ['device-unavailable', 'device-lost', 'dtype-missing', 'inference-failed']
  })
  const mayMove = device === 'auto' && started.load.device === 'webgpu'
  return createWebEngine(started, reasons, mayMove ? () => start('wasm') : undefined)
}

/** Why `auto` skips WebGPU before anything is loaded, or undefined. */
async function whyNotWebGpu(dtype: WebLoad['dtype']): Promise<string | undefined> {
  if (dtype === 'int8') return 'int8 is a recipe for processors'
  const probe = await probeWebGpu()
  if (!probe.usable) return probe.reason
  return probe.software ? `its adapter (${probe.description}) is software, slower than wasm` : undefined
}

function checkScope(): void {
  if (typeof Worker !== 'undefined') return
  throw new MatcherError(
    'device-unavailable',
    'ServiceWorkerGlobalScope' in globalThis
      ? 'A service worker cannot start workers; create the matcher in the page and send it messages from the service worker.'
      : '@sohu-match/sdk-web needs a browser with workers; on a server use @sohu-match/sdk-node.'
  )
}

function checkOptions(options: MatcherOptions<string> | undefined): void {
  if (!options?.model)
    throw new MatcherError('input-invalid', 'createMatcher needs the option model, the address of a model folder.')
  checkLoadOptions(options)
  const { threads } = options
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new MatcherError('input-invalid', `threads is ${threads}; it must be a whole number of at least 1.`)
}
