import { createMatcherFrom, MatcherError, type DeviceReason, type Task } from '@sohu-match/core'
import { createWebEngine, type WebEngine } from './engine'
import type { WebDevice, WebLoad } from './messages'
import { folderAddress, type MatcherOptions, type WebMatcher } from './options'
import { startWorker, type LoadedWorker } from './start-worker'
import { probeWebGpu } from './webgpu'

/** Failures of a device itself, after which `auto` tries the next one; a missing file would be missing there too. */
const DEVICE_FAILURES: readonly string[] = ['device-unavailable', 'device-lost', 'dtype-missing', 'inference-failed']

/**
 * Loads a model into a worker of this page and returns its matcher.
 *
 * Throws `device-unavailable`, `dtype-missing`, `manifest-invalid`, `asset-missing`, `asset-corrupt`, `network`, `task-unknown`,
 * `input-invalid`, `inference-failed`; an abort passes the signal's reason through.
 */
export async function createMatcher<const T extends string = Task>(options: MatcherOptions<T>): Promise<WebMatcher<T>> {
  if (typeof Worker === 'undefined') {
    throw new MatcherError(
      'device-unavailable',
      '@sohu-match/sdk-web needs a browser with workers; on a server use @sohu-match/sdk-node.'
    )
  }
  const engine = await startEngine(options)
  try {
    return createWebMatcher(engine, options)
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

function createWebMatcher<T extends string>(engine: WebEngine, options: MatcherOptions<T>): WebMatcher<T> {
  const facts = () => {
    const { device, loaded, reasons } = engine.current
    const { dtype, threads, runtimeVersion } = loaded
    return { device, dtype, reasons, threads, workers: 1, versions: { 'onnxruntime-web': runtimeVersion } }
  }
  const matcher = createMatcherFrom<T>(engine, engine.current.loaded.manifest, facts(), options)
  return {
    ...matcher,
    get info() {
      const { modelHash, storage, fetchedBytes, reusedBytes, notes } = engine.current.loaded
      return { ...matcher.info, ...facts(), modelHash, storage, fetchedBytes, reusedBytes, notes }
    }
  }
}

async function startEngine(options: MatcherOptions<string>): Promise<WebEngine> {
  const { device = 'auto', signal } = options
  const load: Omit<WebLoad, 'device'> = {
    model: folderAddress(options.model, 'model'),
    dtype: options.dtype ?? 'auto',
    assetBase: options.assetBase === undefined ? undefined : folderAddress(options.assetBase, 'assetBase'),
    threads: options.threads,
    cache: options.cache ?? true,
    pageFetches: options.fetch !== undefined
  }
  const { worker, fetch, onProgress } = options
  const start = (device: WebDevice, signal?: AbortSignal) =>
    startWorker({ ...load, device }, { worker, fetch, signal, onProgress })
  if (device !== 'auto') {
    const started = await start(device, signal)
    return createWebEngine(started, [{ device, taken: true, reason: started.loaded.deviceReason }], undefined)
  }
  const { started, reasons } = await startAny((device) => start(device, signal), load.dtype)
  return createWebEngine(started, reasons, started.load.device === 'webgpu' ? () => start('wasm') : undefined)
}

async function startAny(
  start: (device: WebDevice) => Promise<LoadedWorker>,
  dtype: WebLoad['dtype']
): Promise<{ started: LoadedWorker; reasons: DeviceReason[] }> {
  const reasons: DeviceReason[] = []
  const unfit = await whyNotWebGpu(dtype)
  if (unfit === undefined) {
    try {
      const started = await start('webgpu')
      return { started, reasons: [{ device: 'webgpu', taken: true, reason: started.loaded.deviceReason }] }
    } catch (error) {
      if (!(error instanceof MatcherError && DEVICE_FAILURES.includes(error.code))) throw error
      reasons.push({ device: 'webgpu', taken: false, reason: error.message })
    }
  } else {
    reasons.push({ device: 'webgpu', taken: false, reason: unfit })
  }
  const started = await start('wasm')
  return { started, reasons: [...reasons, { device: 'wasm', taken: true, reason: started.loaded.deviceReason }] }
}

/** Why `auto` leaves WebGPU aside before anything is loaded, or undefined. */
async function whyNotWebGpu(dtype: WebLoad['dtype']): Promise<string | undefined> {
  if (dtype === 'int8') return 'int8 is a recipe for processors'
  const probe = await probeWebGpu()
  if (!probe.usable) return probe.reason
  return probe.software ? `its adapter (${probe.description}) is software, slower than wasm` : undefined
}
