import { messageOf } from '@sohu-match/core'
/** An adapter, or the reason why there is none. */
export type WebGpuProbe =
  | {
      readonly usable: true
      readonly adapter: GPUAdapter
      readonly description: string
      readonly software: boolean
      readonly half: boolean
    }
  | { readonly usable: false; readonly reason: string }

/** Requests a WebGPU adapter, on the page or in a worker. Never throws. */
export async function probeWebGpu(): Promise<WebGpuProbe> {
  const gpu = (navigator as { gpu?: GPU }).gpu
  if (!gpu)
    return {
      usable: false,
      reason: isSecureContext ? 'this browser has no WebGPU here' : 'WebGPU needs a secure page (https or localhost)'
    }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (!adapter) return { usable: false, reason: 'the browser offers no WebGPU adapter' }
    const { vendor, architecture, description, isFallbackAdapter } = adapter.info
    const name = [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed adapter'
    return {
      usable: true,
      adapter,
      description: name,
      software: isFallbackAdapter,
      half: adapter.features.has('shader-f16')
    }
  } catch (cause) {
    return { usable: false, reason: `asking for a WebGPU adapter failed: ${messageOf(cause)}` }
  }
}
