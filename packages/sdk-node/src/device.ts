import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { MatcherError, messageOf, type DeviceCandidate } from '@sohu-match/core'
import type { NodeDevice } from './options'

/** Facts about a machine that determine which devices work; tests supply their own. */
export interface Machine {
  readonly platform: string
  readonly arch: string
  /** Names of onnxruntime-node's execution providers, installed or not. */
  readonly providers: readonly string[]
  /** Folder of onnxruntime-node's libraries. */
  readonly libraries: string
  exists(path: string): boolean
}

const INSTALL_CUDA = 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --ignore-scripts=false'

/** Files that only an NVIDIA driver creates, on Linux and in WSL. */
const DRIVER_FILES = ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg']

// `require` even in an ES module: jest does not support `import()` in CommonJS
const load = createRequire(import.meta.url)

/** onnxruntime-node, loaded in this thread. Throws `asset-missing` if it cannot be loaded. */
export function loadRuntime(): typeof import('onnxruntime-node') {
  return runtime(() => load('onnxruntime-node') as typeof import('onnxruntime-node'))
}

/** With the providers of the installed onnxruntime-node. Throws `asset-missing` if it cannot be loaded. */
export function thisMachine(): Machine {
  const { listSupportedBackends } = loadRuntime()
  const root = runtime(() => dirname(load.resolve('onnxruntime-node/package.json'))) // throws in a bundle of webpack, where it is a number
  const { platform, arch } = process
  return {
    platform,
    arch,
    providers: listSupportedBackends().map((backend) => backend.name),
    libraries: join(root, 'bin', 'napi-v6', platform, arch),
    exists: existsSync
  }
}

function runtime<T>(find: () => T): T {
  try {
    return find()
  } catch (cause) {
    throw new MatcherError(
      'asset-missing',
      `onnxruntime-node does not load: ${messageOf(cause).split('\n')[0]} If this program is bundled, mark @sohu-match/sdk-node and ` +
        'onnxruntime-node as external and install them separately.',
      { cause }
    )
  }
}

/** The devices to try in order: the named one, or for `auto` all of them. */
export function candidates(requested: NodeDevice | 'auto', machine: Machine): DeviceCandidate<NodeDevice>[] {
  if (requested !== 'auto') return [{ device: requested, refusal: refusalOf(requested, machine) }]
  const software =
    'auto skips it: onnxruntime-node does not report whether its adapter is a GPU or software; name it to use it'
  return [
    { device: 'cuda', refusal: refusalOf('cuda', machine) },
    { device: 'webgpu', refusal: refusalOf('webgpu', machine) ?? software },
    { device: 'cpu' }
  ]
}

/** Why a device cannot work here, and what to do about it; undefined if it may work. */
function refusalOf(device: NodeDevice, machine: Machine): string | undefined {
  if (device === 'cpu') return undefined
  const { platform, arch } = machine
  if (!machine.providers.includes(device)) return `onnxruntime-node has no ${device} provider for ${platform}-${arch}`
  if (device === 'webgpu') return undefined
  const library = join(machine.libraries, 'libonnxruntime_providers_cuda.so')
  if (!machine.exists(library)) return `its library ${library} is not installed; run: ${INSTALL_CUDA}`
  if (!DRIVER_FILES.some((file) => machine.exists(file)))
    return 'no NVIDIA driver is loaded; install one for CUDA 12 (version 525 or later)'
  return undefined
}

/** Adds what to do to the error of a device's first session. */
export function explainFailure(device: NodeDevice, failure: string): string {
  const message = failure.replace(/\s+/g, ' ').trim()
  const step =
    device === 'cuda'
      ? CUDA_STEPS.find(([pattern]) => pattern.test(message))?.[1]
      : device === 'webgpu'
        ? webgpuStep(message)
        : undefined
  return step ? `${step} (${message})` : message
}

const CUDA_STEPS: readonly (readonly [RegExp, string])[] = [
  [/libcudnn/i, 'cuDNN 9 for CUDA 12 is missing: install it and put its folder on LD_LIBRARY_PATH'],
  [
    /libcu(dart|blas|blasLt|fft|rand)/i,
    'the CUDA 12 runtime libraries are missing: install them and put their folder on LD_LIBRARY_PATH'
  ],
  [
    /driver version is insufficient|unsupported.*driver|CUDA failure 35/i,
    'the NVIDIA driver is too old for CUDA 12: update it to version 525 or later'
  ],
  [
    /no CUDA-capable device|CUDA failure 100\b/i,
    'the driver sees no GPU: check CUDA_VISIBLE_DEVICES and whether the container has access to one'
  ],
  [/invalid device ordinal|CUDA failure 101\b/i, 'there is no GPU with that number: check cuda.deviceId'],
  [
    /Failed to load shared library/i,
    'its library does not load, usually because CUDA 12 or cuDNN 9 is not on LD_LIBRARY_PATH: run `ldd` on it and install what is missing'
  ],
  [
    /libonnxruntime_providers_(cuda|shared)/i,
    `onnxruntime-node's CUDA library does not load: install it again with ${INSTALL_CUDA}`
  ]
]

function webgpuStep(message: string): string | undefined {
  if (/adapter/i.test(message)) return 'no WebGPU adapter was found: a Vulkan, Metal or D3D12 driver is needed'
  return /f16/i.test(message) ? 'the adapter does not support shader-f16: take dtype q8 or fp32' : undefined
}
