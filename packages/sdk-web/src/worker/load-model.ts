import {
  chooseDtype,
  createTokenizer,
  MatcherError,
  parseManifest,
  withOverall,
  type Dtype,
  type FileProgress,
  type LoadProgress,
  type Manifest,
  type WorkerRuntime
} from '@sohu-match/core'
import { fileAddress } from '../file-address'
import type { Asset, GzippedAsset, WebLoad, WebLoaded } from '../messages'
import { probeWebGpu } from '../webgpu'
import { createAssetLoader, type AssetLoader } from './assets'
import { requireWasmSimd, wasmThreads } from './device'
import type { ListedModel } from './kept'
import { loadRuntime, runtimeFiles, runtimeHashes, runtimeVersion, type RuntimeFiles } from './runtime'
import { assetOf, scriptAsset } from './script-asset'
import { createSession } from './session'
import { noStore, openStore } from './store'

interface ModelFiles {
  readonly runtime: RuntimeFiles
  readonly graph: GzippedAsset
  readonly vocab: GzippedAsset
  readonly dictionary: GzippedAsset | undefined
}

/** A model in memory. */
type Running = Omit<WorkerRuntime<WebLoaded>, 'info'>

/**
 * Loads manifest, tokenizer, onnxruntime-web and graph, and opens a session that has run once. Stops earlier if `until`
 * says so. Throws `device-unavailable` before any download, `manifest-invalid`, `dtype-missing`, `asset-missing`,
 * `asset-corrupt`, `network`, `inference-failed`.
 */
export async function loadModel(
  options: WebLoad,
  fetch: typeof globalThis.fetch,
  onProgress: (progress: LoadProgress) => void
): Promise<WorkerRuntime<WebLoaded>> {
  requireWasmSimd()
  const { until } = options
  const device = await openDevice(options)
  const { store, reasons } = options.cache
    ? await openStore()
    : { store: noStore, reasons: ['storage: switched off by the option cache'] }
  const abort = new AbortController()
  let report: (progress: FileProgress) => void // set once the manifest has named the files
  const assets = createAssetLoader({ fetch, store, reasons, signal: abort.signal, onProgress: (one) => report(one) })
  try {
    const { manifest, dtype, listing } = await loadManifest(options, assets)
    const files = filesOf(manifest, dtype, options)
    const { graph, vocab, dictionary, runtime } = files
    const stored: GzippedAsset[] = [graph, vocab, ...(dictionary ? [dictionary] : []), runtime.binary]
    report = withOverall(stored, onProgress)
    const running = until ? undefined : await start(files, assets, device, options, report)
    if (until === 'stored') await Promise.all(stored.map(assets.load))
    if (until !== 'listed') await assets.prune(listedModel, runtimeHashes())
    const scripts = until ? await Promise.all([location.href, runtime.script].map(scriptAsset)) : []
    const { notes, ...facts } = assets.report
    const info: WebLoaded = {
      manifest,
      dtype,
      modelHash: graph.sha256,
      threads: device.threads,
      deviceReason: device.reason,
      ...facts,
      notes: [...device.notes, ...notes],
      runtimeVersion: runtimeVersion(),
      assets: [...scripts, listing, ...stored.map(({ gzipped, ...file }) => ({ ...file, url: gzipped ?? file.url }))]
    }
    return { ...running!, info } // a worker that stops early receives no further requests
  } catch (error) {
    abort.abort(error) // one failed file ends the downloads of the others
    throw error
  }
}

/** Loads the files into memory, and opens a session of the graph. */
async function start(
  { graph, vocab, dictionary, runtime }: ModelFiles,
  assets: AssetLoader,
  { adapter, threads }: OpenDevice,
  { device }: WebLoad,
  onProgress: (progress: FileProgress) => void
): Promise<Running> {
  const [ort, graphBytes, vocabBytes, dictionaryBytes] = await Promise.all([
    loadRuntime(runtime, assets, threads),
    assets.load(graph),
    assets.load(vocab),
    dictionary && assets.load(dictionary)
  ])
  const tokenizer = createTokenizer(new TextDecoder().decode(vocabBytes), dictionaryBytes)
  onProgress({ phase: 'compile', file: graph.file, loaded: 0, total: graph.bytes })
  const { run } = await createSession(ort, graphBytes, device, adapter)
  onProgress({ phase: 'compile', file: graph.file, loaded: graph.bytes, total: graph.bytes })
  return { tokenizer, run, dispose: async () => {} } // terminating the worker frees everything
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
      "WebGPU does not run int8, whose integer products are for CPUs; use dtype 'auto' or 'q8'."
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
): Promise<{ manifest: Manifest; dtype: Dtype; listing: Asset }> {
  const file = 'manifest.json'
  const url = fileAddress(model, file)
  const text = await assets.loadText(url)
  const manifest = parseManifest(parseJson(text, url), url)
  const listing = assetOf(file, url, new TextEncoder().encode(text))
  return { manifest, dtype: chooseDtype(manifest.graphs, device, dtype), listing }
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const found = /^\s*</.test(text)
      ? 'an HTML page; the server sends its start page instead of a missing file'
      : 'not JSON'
    throw new MatcherError(
      'manifest-invalid',
      `${url} is ${found}; the option model must be the address of a model folder.`,
      { cause }
    )
  }
}

function filesOf(manifest: Manifest, dtype: Dtype, { model, device, assetBase, gzip }: WebLoad): ModelFiles {
  const { vocab, dictionary } = manifest.tokenizer
  const listed = (file: string): GzippedAsset => ({
    file,
    url: fileAddress(model, file),
    ...manifest.files[file]!,
    gzipped: gzip ? fileAddress(model, `${file}.gz`) : undefined
  })
  return {
    graph: listed(manifest.graphs[dtype]!.file),
    vocab: listed(vocab),
    dictionary: dictionary === undefined ? undefined : listed(dictionary),
    runtime: runtimeFiles(device, assetBase)
  }
}

/** Undefined if this version cannot read the stored manifest. */
function listedModel(text: string): ListedModel | undefined {
  try {
    const { name, files } = parseManifest(JSON.parse(text))
    return { name, hashes: Object.values(files).map((file) => file.sha256) }
  } catch {
    return undefined
  }
}
