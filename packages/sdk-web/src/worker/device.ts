import { MatcherError, messageOf } from '@sohu-match/core'

/** Features that onnxruntime's WebGPU kernels make use of where the adapter has them. */
const FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups']

/** Limits that onnxruntime's WebGPU kernels ask for, as high as the adapter goes. */
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

/** Opens a device of our own on `adapter`, so that losing or releasing it concerns no other user of WebGPU on the page. Throws `device-unavailable`. */
export async function openGpuDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]))
    })
  } catch (cause) {
    throw new MatcherError('device-unavailable', `The WebGPU adapter gives no device: ${messageOf(cause)}`, { cause })
  }
}

/** A module whose one function returns a 128-bit vector: valid only where WebAssembly has SIMD. */
const SIMD_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11
])

/** Throws `device-unavailable` where WebAssembly or its SIMD instructions are missing: both builds of onnxruntime-web need them. */
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
      `This browser has ${found}; onnxruntime-web needs it on every device. Browsers since 2021 (Safari: 2023) have it.`
    )
  }
}

/** Threads for wasm: half the logical processors, 4 at most, and 1 where the page is not cross-origin isolated. */
export function wasmThreads(): { threads: number; reason?: string } {
  if (!self.crossOriginIsolated)
    return {
      threads: 1,
      reason: 'threads: 1, because the page is not cross-origin isolated (it needs the COOP and COEP headers)'
    }
  return { threads: Math.max(1, Math.min(4, Math.floor(navigator.hardwareConcurrency / 2))) }
}
