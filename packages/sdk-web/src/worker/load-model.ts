import {
  chooseDtype,
  createTokenizer,
  MatcherError,
  parseManifest,
  type Dtype,
  type LoadProgress,
  type Manifest,
  type WorkerRuntime
} from '@sohu-match/core'
import { fileAddress } from '../file-address'
import type { WebLoad, WebLoaded } from '../messages'
import { probeWebGpu } from '../webgpu'
import { createAssetLoader, type AssetLoader } from './assets'
import { requireWasmSimd, wasmThreads } from './device'
import type { Asset } from './download'
import type { ListedModel } from './kept'
import { loadRuntime, runtimeHashes, runtimeVersion } from './runtime'
import { createSession } from './session'
import { noStore, openStore } from './store'

/**
 * Loads everything a worker needs to match texts: manifest, tokenizer, onnxruntime-web, graph; a session that has run once.
 * Throws `device-unavailable` before anything is downloaded, `manifest-invalid`, `dtype-missing`, `asset-missing`, `asset-corrupt`, `network`, `inference-failed`.
 */
export async function loadModel(
  options: WebLoad,
  fetch: typeof globalThis.fetch,
  onProgress: (progress: LoadProgress) => void
): Promise<WorkerRuntime<WebLoaded>> {
  requireWasmSimd()
  const device = await openDevice(options)
  const { store, reasons } = options.cache
    ? await openStore()
    : { store: noStore, reasons: ['storage: switched off by the option cache'] }
  const abort = new AbortController()
  const assets = createAssetLoader({ fetch, store, reasons, signal: abort.signal, onProgress })
  try {
    const { manifest, dtype } = await loadManifest(options, assets)
    const graph = assetOf(manifest, manifest.graphs[dtype]!.file, options.model)
    const [ort, bytes, tokenizer] = await Promise.all([
      loadRuntime(options.device, options.assetBase, assets, device.threads),
      assets.load(graph),
      loadTokenizer(manifest, options.model, assets)
    ])
    onProgress({ phase: 'compile', file: graph.file, loaded: 0, total: graph.bytes })
    const session = await createSession(ort, bytes, options.device, device.adapter)
    onProgress({ phase: 'compile', file: graph.file, loaded: graph.bytes, total: graph.bytes })
    await assets.prune(listedModel, runtimeHashes())
    const { fetchedBytes, reusedBytes, storage, notes } = assets.report
    const info: WebLoaded = {
      manifest,
      dtype,
      modelHash: graph.sha256,
      threads: device.threads,
      deviceReason: device.reason,
      storage,
      fetchedBytes,
      reusedBytes,
      notes: [...device.notes, ...notes],
      runtimeVersion: runtimeVersion()
    }
    return { info, tokenizer, run: (batch) => session.run(batch), dispose: async () => {} } // ending the worker frees all
  } catch (error) {
    abort.abort(error) // one failed file ends the downloads of the others
    throw error
  }
}

interface OpenDevice {
  readonly adapter?: GPUAdapter
  readonly threads: number
  readonly reason: string
  readonly notes: readonly string[]
}

async function openDevice({ device, dtype, threads }: WebLoad): Promise<OpenDevice> {
  if (device === 'wasm') {
    const allowed = wasmThreads()
    const used = Math.min(threads ?? allowed.threads, allowed.reason ? 1 : Infinity)
    return {
      threads: used,
      reason: `WebAssembly with SIMD, ${used} ${used === 1 ? 'thread' : 'threads'}`,
      notes: allowed.reason && threads !== 1 ? [allowed.reason] : []
    }
  }
  if (dtype === 'int8') {
    throw new MatcherError(
      'device-unavailable',
      "WebGPU does not run int8, whose integer products are a recipe for processors; use dtype 'auto' or 'q8'."
    )
  }
  const probe = await probeWebGpu()
  if (!probe.usable) throw new MatcherError('device-unavailable', `WebGPU is not available: ${probe.reason}.`)
  if (dtype === 'fp16' && !probe.half) {
    throw new MatcherError(
      'device-unavailable',
      `The WebGPU adapter (${probe.description}) has no shader-f16, which fp16 needs; use dtype 'auto', 'q8' or 'fp32'.`
    )
  }
  return {
    adapter: probe.adapter,
    threads: 1,
    reason: probe.description,
    notes: probe.software ? ['webgpu: a software adapter, slower than wasm'] : []
  }
}

async function loadManifest(
  { model, device, dtype }: WebLoad,
  assets: AssetLoader
): Promise<{ manifest: Manifest; dtype: Dtype }> {
  const url = fileAddress(model, 'manifest.json')
  const text = await assets.loadText(url)
  const manifest = parseManifest(parseJson(text, url), url)
  return { manifest, dtype: chooseDtype(manifest.graphs, device, dtype) }
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const found = /^\s*</.test(text)
      ? 'an HTML page; the server sends its start page where a file is missing'
      : 'not JSON'
    throw new MatcherError(
      'manifest-invalid',
      `${url} is ${found}; the option model must be the address of a model folder.`,
      { cause }
    )
  }
}

async function loadTokenizer(
  manifest: Manifest,
  model: string,
  assets: AssetLoader
): Promise<ReturnType<typeof createTokenizer>> {
  const { vocab, dictionary } = manifest.tokenizer
  const load = (file: string): Promise<Uint8Array> => assets.load(assetOf(manifest, file, model))
  const [vocabBytes, dictionaryBytes] = await Promise.all([
    load(vocab),
    dictionary === undefined ? undefined : load(dictionary)
  ])
  return createTokenizer(new TextDecoder().decode(vocabBytes), dictionaryBytes)
}

function assetOf(manifest: Manifest, file: string, model: string): Asset {
  const { bytes, sha256 } = manifest.files[file]!
  return { file, url: fileAddress(model, file), bytes, sha256 }
}

/** What a kept manifest lists; nothing if this version cannot read it. */
function listedModel(text: string): ListedModel | undefined {
  try {
    const { name, files } = parseManifest(JSON.parse(text))
    return { name, hashes: Object.values(files).map((file) => file.sha256) }
  } catch {
    return undefined
  }
}
