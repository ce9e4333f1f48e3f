import type { Site } from './server'

/** Serves a worker at the returned address that runs `script` before the package's own; for the option `worker`. */
export function hookWorker(site: Site, script: string): string {
  const answer =
    (body: string): Parameters<Site['bend']>[1] =>
    (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(body)
  site.bend('/hooked/worker.js', answer("import './hook.js'\nimport '/pkg/worker.js'"))
  site.bend('/hooked/hook.js', answer(script))
  return '/hooked/worker.js'
}

/** Keeps every WebGPU device that the worker opens, and lets the page lose it or make it run out of memory. */
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
