import { MatcherError, messageOf } from '@sohu-match/core'

/** Optional features that onnxruntime's WebGPU kernels use. */
const FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups']

/** Limits that onnxruntime's WebGPU kernels need as high as the adapter allows. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxStorageBuffersPerShaderStage'
] as const

/** Opens a separate device on `adapter`, so that losing or releasing it affects no other WebGPU code on the page. Throws `device-unavailable`. */
export async function openGpuDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]))
    })
  } catch (cause) {
    throw new MatcherError('device-unavailable', `The WebGPU adapter did not open a device: ${messageOf(cause)}`, {
      cause
    })
  }
}

/** A module whose only function returns a 128-bit vector: valid only if WebAssembly supports SIMD. */
const SIMD_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11
])

/** Throws `device-unavailable` if WebAssembly or its SIMD instructions are missing: both builds of onnxruntime-web need them. */
export function requireWasmSimd(): void {
  const found =
    typeof WebAssembly !== 'object'
      ? 'no WebAssembly'
      : WebAssembly.validate(SIMD_MODULE)
        ? undefined
        : 'WebAssembly without SIMD'
  if (found) {
    throw new MatcherError(
      'device-unavailable',
      `This browser has ${found}; onnxruntime-web needs it on every device. Use a browser from 2021 or later (Safari: 2023).`
    )
  }
}

/** Number of wasm threads: half the logical processors, at most 4; 1, with the reason, where threads cannot share memory. */
export function wasmThreads(): { threads: number; reason?: string } {
  const missing = !self.crossOriginIsolated
    ? 'the page is not cross-origin isolated (it needs the COOP and COEP headers)'
    : typeof SharedArrayBuffer === 'undefined'
      ? 'this browser has no SharedArrayBuffer'
      : undefined
  if (missing) return { threads: 1, reason: `threads: 1, because ${missing}` }
  return { threads: Math.max(1, Math.min(4, Math.floor(navigator.hardwareConcurrency / 2))) }
}
