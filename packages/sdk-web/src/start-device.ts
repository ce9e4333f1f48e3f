import { MatcherError, startFirst, sumOfDevices, type DeviceCandidate, type DeviceReason } from '@sohu-match/core'
import type { WebDevice, WebLoad } from './messages'
import { folderAddress, type MatcherOptions } from './options'
import { startWorker, type LoadedWorker } from './start-worker'
import { probeWebGpu } from './webgpu'

/** A worker on the first device that works. */
export interface StartedWorker {
  readonly started: LoadedWorker
  /** Each device that was considered, in order. */
  readonly reasons: readonly DeviceReason[]
  /** Starts another worker, without the first one's signal and progress. */
  another(device: WebDevice, signal?: AbortSignal): Promise<LoadedWorker>
}

/** Loads the model as far as `until` says. Throws the errors of loading. */
export async function startOnDevice(options: MatcherOptions<string>, until?: WebLoad['until']): Promise<StartedWorker> {
  checkScope()
  const { device = 'auto', dtype = 'auto', signal, worker, fetch, workers = 1 } = options
  const load: Omit<WebLoad, 'device'> = {
    model: folderAddress(options.model, 'model'),
    dtype,
    assetBase: options.assetBase === undefined ? undefined : folderAddress(options.assetBase, 'assetBase'),
    threads: options.threads ?? (workers > 1 ? 1 : undefined),
    cache: options.cache ?? true,
    gzip: options.gzip ?? false,
    pageFetches: fetch !== undefined,
    until
  }
  const candidates: DeviceCandidate<WebDevice>[] =
    device === 'auto' ? [{ device: 'webgpu', refusal: await whyNotWebGpu(dtype) }, { device: 'wasm' }] : [{ device }]
  const progressOf = sumOfDevices(options.onProgress)
  const { started, reasons } = await startFirst<WebDevice, LoadedWorker>(candidates, {
    start: (device) => startWorker({ ...load, device }, { worker, fetch, signal, onProgress: progressOf() }),
    reasonOf: ({ loaded }) => loaded.deviceReason,
    failures: ['device-unavailable', 'device-lost', 'dtype-missing', 'inference-failed']
  })
  return {
    started,
    reasons,
    another: (device, signal) => startWorker({ ...load, device }, { worker, fetch, signal, onProgress: undefined })
  }
}

/** The reason for `auto` to skip WebGPU before loading anything. */
async function whyNotWebGpu(dtype: WebLoad['dtype']): Promise<string | undefined> {
  if (dtype === 'int8') return 'int8 is for CPUs'
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
