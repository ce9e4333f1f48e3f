import { readFileSync } from 'node:fs'
import type { EnginePage } from './engines/engine'
import type { Site } from './server'

/** Serves a worker that runs `script` before the package's own; returns its address, for the option `worker`. */
export function hookWorker(site: Site, script: string): string {
  const answer =
    (body: string): Parameters<Site['bend']>[1] =>
    (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(body)
  site.bend('/hooked/worker.js', answer("import './hook.js'\nimport '/pkg/worker.js'"))
  site.bend('/hooked/hook.js', answer(script))
  return '/hooked/worker.js'
}

/** Holds a lock as long as the worker, or one of its threads, lives. */
const HOLD_LOCK = "navigator.locks.request('alive ' + Math.random(), () => new Promise(() => {}))"

/** Serves a worker, for the option `worker`, that `liveWorkers` counts. */
export const countedWorker = (site: Site): string => hookWorker(site, HOLD_LOCK)

/** Makes `liveWorkers` count everything that runs the package's copy of onnxruntime-web: the worker and its threads. */
export function countThreads(site: Site): void {
  site.bend('ort.wasm.js', (_request, response, file) => {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(`${HOLD_LOCK}\n${readFileSync(file, 'utf8')}`)
  })
}

/** Number of counted workers that are alive: the browser releases a worker's locks when it ends. */
export function liveWorkers(page: Pick<EnginePage, 'evaluate'>): Promise<number> {
  return page.evaluate(async () => {
    const { held } = await navigator.locks.query()
    return held!.filter(({ name }) => name!.startsWith('alive ')).length
  })
}

/** Tracks every WebGPU device that the worker opens, and lets the page destroy it or simulate running out of memory. */
export const LOSE_DEVICE = `
const devices = []
const open = GPUAdapter.prototype.requestDevice
GPUAdapter.prototype.requestDevice = async function (options) {
  const device = await open.call(this, options)
  devices.push(device)
  return device
}
new BroadcastChannel('device').onmessage = async ({ data }) => {
  for (const device of devices) {
    if (data === 'lose') device.destroy()
    else device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: new GPUOutOfMemoryError('no memory left') }))
  }
  await Promise.all(data === 'lose' ? devices.map((device) => device.lost) : [])
  new BroadcastChannel('device-done').postMessage(devices.length)
}`
