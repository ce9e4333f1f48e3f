import { MatcherError, type FileProgress } from '@sohu-match/core'
import type { Asset, GzippedAsset, StorageKind } from '../messages'
import { download } from './download'
import { createKeptFiles, manifestKey, type KeptFiles, type ListedModel } from './kept'
import { Sha256 } from './sha256'
import type { Store } from './store'

/** Milliseconds between progress events of a file: often enough for a bar, too rarely to load the page's thread. */
const PROGRESS_INTERVAL = 50

/** Loads files from storage if their hash is right, otherwise over the network, and stores them. */
export interface AssetLoader {
  /** Verified bytes. Throws as `download`. */
  load(asset: GzippedAsset): Promise<Uint8Array<ArrayBuffer>>
  /** The text of a manifest, which has no hash: from the network, or the last stored copy if it is unreachable. */
  loadText(url: string): Promise<string>
  /** Removes unused files; `listed` reads a manifest's text, `keep` names files of no manifest. */
  prune(listed: (manifest: string) => ListedModel | undefined, keep: readonly string[]): Promise<void>
  /** Bytes from the network and from storage so far, and problems with storage and gzipped siblings. */
  readonly report: { fetchedBytes: number; reusedBytes: number; storage: StorageKind; notes: readonly string[] }
}

export interface AssetLoaderContext {
  readonly fetch: typeof fetch
  readonly store: Store
  readonly reasons: readonly string[]
  readonly signal: AbortSignal
  readonly onProgress: (progress: FileProgress) => void
  /** Runs `work` while no other tab works on `key`. Default: the Web Locks API if it exists. */
  readonly exclusively?: <T>(key: string, work: () => Promise<T>) => Promise<T>
  readonly delay?: (attempt: number) => number
  readonly now?: () => number
}

export function createAssetLoader(context: AssetLoaderContext): AssetLoader {
  const { signal, onProgress, exclusively = withLock, now = Date.now } = context
  const kept = createKeptFiles(context.store, context.reasons)
  const notes: string[] = []
  let [fetchedBytes, reusedBytes] = [0, 0]

  async function load(asset: GzippedAsset): Promise<Uint8Array<ArrayBuffer>> {
    const found = await kept.read(asset.sha256)
    if (found && (await isWhole(asset, found))) {
      reusedBytes += found.length
      onProgress({ phase: 'verify', file: asset.file, loaded: asset.bytes, total: asset.bytes })
      return found
    }
    return fetchAsset(asset, found && found.length < asset.bytes ? found : undefined)
  }

  async function fetchAsset(asset: GzippedAsset, part: Uint8Array | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const writer = await kept.open(asset.sha256, part?.length ?? 0)
    const report = throttled(onProgress)
    try {
      const bytes = await download(asset, {
        fetch: context.fetch,
        signal,
        kept: part,
        delay: context.delay,
        onNote: (note) => notes.push(note),
        cache: kept.kind === 'none' ? 'default' : 'no-store',
        onChunk: async (chunk, offset) => {
          fetchedBytes += chunk.length
          await writer?.write(chunk, offset)
          const loaded = offset + chunk.length
          report({ phase: 'download', file: asset.file, loaded, total: asset.bytes }, loaded === asset.bytes)
        }
      })
      await writer?.finish(bytes)
      return bytes
    } catch (error) {
      await writer?.pause()
      if (error instanceof MatcherError && error.code === 'asset-corrupt') await kept.remove(asset.sha256)
      throw error
    }
  }

  async function loadText(url: string): Promise<string> {
    const key = keyOf(url)
    const found = await kept.read(key)
    const answer = await fetchText(url, context).catch((error: unknown) => {
      if (!found || !(error instanceof MatcherError && error.code === 'network')) throw error
      notes.push('manifest: the server cannot be reached, so the copy kept here is used')
      return new TextDecoder().decode(found)
    })
    await store(kept, key, answer)
    return answer
  }

  return {
    load: (asset) => exclusively(asset.sha256, () => load(asset)),
    loadText: (url) => exclusively(url, () => loadText(url)),
    prune: (listed, keep) => kept.prune(listed, keep, now()),
    get report() {
      return { fetchedBytes, reusedBytes, storage: kept.kind, notes: [...kept.notes, ...notes] }
    }
  }
}

/** A manifest's key; a signature in its query may differ between visits. */
function keyOf(url: string): string {
  return manifestKey(new Sha256().update(new TextEncoder().encode(url.replace(/\?.*/, ''))).hex())
}

/** Writes even an unchanged text: the time of writing is the time of use. */
async function store(kept: KeptFiles, key: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  const writer = await kept.open(key, 0)
  await writer?.write(bytes, 0)
  await writer?.finish(bytes)
}

async function fetchText(url: string, { fetch, signal }: AssetLoaderContext): Promise<string> {
  try {
    const response = await fetch(url, { signal, cache: 'no-cache' })
    if (response.status === 404 || response.status === 410) {
      throw new MatcherError(
        'asset-missing',
        `${url} answers ${response.status}; the option model must be the address of a model folder.`
      )
    }
    if (!response.ok)
      throw new MatcherError('network', `${url} answers ${response.status} ${response.statusText}`.trimEnd() + '.')
    return await response.text()
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof MatcherError) throw cause
    throw new MatcherError(
      'network',
      `${url} could not be fetched: the server cannot be reached or its CORS headers refuse this page.`,
      { cause }
    )
  }
}

/** Checks length, then SHA-256 by the browser, which every page that may store files has. */
async function isWhole(asset: Asset, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (bytes.length !== asset.bytes) return false
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === asset.sha256
}

function throttled(onProgress: (progress: FileProgress) => void): (progress: FileProgress, last: boolean) => void {
  let reported = -Infinity
  return (progress, last) => {
    const now = performance.now()
    if (!last && now - reported < PROGRESS_INTERVAL) return
    reported = now
    onProgress(progress)
  }
}

function withLock<T>(key: string, work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? (navigator.locks.request(`sohu-match:${key}`, work) as Promise<T>) : work()
}
