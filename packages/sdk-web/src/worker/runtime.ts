import { MatcherError } from '@sohu-match/core'
import type * as Ort from 'onnxruntime-web'
import type { AssetLoader } from './assets'
import { fileAddress } from '../file-address'
import type { Asset, WebDevice } from '../messages'

/** Set by the build: onnxruntime-web's version, and length and SHA-256 of its gzipped WebAssembly by device. */
declare const ORT_RUNTIME: {
  readonly version: string
  readonly builds: Readonly<Record<WebDevice, { readonly bytes: number; readonly sha256: string }>>
}

export type OrtModule = typeof Ort

export const runtimeVersion = (): string => ORT_RUNTIME.version

/** SHA-256 of every runtime file that storage may keep. */
export const runtimeHashes = (): string[] => Object.values(ORT_RUNTIME.builds).map((build) => build.sha256)

/** The address of a build's script, and its gzipped WebAssembly. */
export interface RuntimeFiles {
  readonly script: string
  readonly binary: Asset
}

export function runtimeFiles(device: WebDevice, assetBase: string | undefined): RuntimeFiles {
  const { script, binary: url } = addresses(device, assetBase)
  return { script, binary: { file: `ort.${device}.bin`, url, ...ORT_RUNTIME.builds[device] } }
}

/** Each `new URL` is spelled out, because bundlers follow only literal ones. */
function addresses(device: WebDevice, assetBase: string | undefined): { script: string; binary: string } {
  if (assetBase)
    return { script: fileAddress(assetBase, `ort.${device}.js`), binary: fileAddress(assetBase, `ort.${device}.bin`) }
  return device === 'webgpu'
    ? {
        script: new URL('./ort/ort.webgpu.js', import.meta.url).href,
        binary: new URL('./ort/ort.webgpu.bin', import.meta.url).href
      }
    : {
        script: new URL('./ort/ort.wasm.js', import.meta.url).href,
        binary: new URL('./ort/ort.wasm.bin', import.meta.url).href
      }
}

/**
 * Its WebAssembly is verified and stored like a file of the model. Throws `asset-missing`, `asset-corrupt`, and
 * `network`, also if the script does not load.
 */
export async function loadRuntime(
  { script, binary }: RuntimeFiles,
  assets: AssetLoader,
  threads: number
): Promise<OrtModule> {
  const [ort, packed] = await Promise.all([importScript(script), assets.load(binary)])
  ort.env.logLevel = 'error'
  ort.env.wasm.numThreads = threads
  ort.env.wasm.wasmBinary = await unpack(packed)
  return ort
}

async function importScript(address: string): Promise<OrtModule> {
  try {
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ address)) as OrtModule
  } catch (cause) {
    throw new MatcherError(
      'network',
      `onnxruntime-web's script ${address} does not load; serve this package's ort folder, or set assetBase to where it is.`,
      { cause }
    )
  }
}

function unpack(packed: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()
}
