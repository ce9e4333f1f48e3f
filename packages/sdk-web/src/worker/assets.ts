import { MatcherError, type LoadProgress } from '@sohu-match/core'
import type { StorageKind } from '../messages'
import { download, type Asset } from './download'
import { Sha256 } from './sha256'
import { noStore, type Store } from './store'

/** Milliseconds between two progress events of one file: often enough for a bar, too seldom to load the page's thread. */
const PROGRESS_INTERVAL = 50

/** Loads files through storage: from there when their hash is right, else over the network and into it. */
export interface AssetLoader {
  /** The verified bytes of a file. Throws what `download` throws. */
  load(asset: Asset): Promise<Uint8Array<ArrayBuffer>>
  /** The text of a small file that has no hash of its own: from the network, or the last copy kept when that cannot be reached. */
  loadText(url: string): Promise<string>
  /** Removes what no kept manifest lists any more. `hashesOf` reads them from a manifest's text. */
  prune(hashesOf: (manifest: string) => readonly string[], keep: readonly string[]): Promise<void>
  /** Bytes that came over the network and out of storage so far, and what went wrong with storage. */
  readonly report: { fetchedBytes: number; reusedBytes: number; storage: StorageKind; notes: string[] }
}

/** What an `AssetLoader` works with. */
export interface AssetLoaderContext {
  readonly fetch: typeof fetch
  readonly store: Store
  readonly reasons: readonly string[]
  readonly signal: AbortSignal
  readonly onProgress: (progress: LoadProgress) => void
  /** Runs `work` while no other tab works on `key`. Default: the Web Locks API where it exists. */
  readonly exclusively?: <T>(key: string, work: () => Promise<T>) => Promise<T>
  readonly delay?: (attempt: number) => number
}

const TEXT_PREFIX = 'manifest-'

/** Creates the loader of one worker. */
export function createAssetLoader(context: AssetLoaderContext): AssetLoader {
  const { signal } = context
  const exclusively = context.exclusively ?? withLock
  let store = context.store
  const report: AssetLoader['report'] = {
    fetchedBytes: 0,
    reusedBytes: 0,
    storage: store.kind,
    notes: [...context.reasons]
  }

  /** Storage that fails is left alone from then on; loading goes on without it. */
  const giveUpStorage = async (cause: unknown, key?: string): Promise<void> => {
    const full = cause instanceof DOMException && cause.name === 'QuotaExceededError'
    if (key) await context.store.remove(key).catch(() => undefined)
    if (store === noStore) return
    store = noStore
    report.storage = 'none'
    report.notes.push(
      full
        ? 'storage: the quota of this origin is used up, so files are not kept'
        : `storage: ${messageOf(cause)}, so files are not kept`
    )
  }
  const guarded = async <T>(work: () => Promise<T>, key?: string): Promise<T | undefined> => {
    try {
      return await work()
    } catch (cause) {
      await giveUpStorage(cause, key)
      return undefined
    }
  }

  async function load(asset: Asset): Promise<Uint8Array<ArrayBuffer>> {
    const kept = await guarded(() => store.read(asset.sha256))
    if (kept && (await isWhole(asset, kept))) {
      report.reusedBytes += kept.length
      context.onProgress({ phase: 'verify', file: asset.file, loaded: asset.bytes, total: asset.bytes })
      return kept
    }
    const part = kept && kept.length < asset.bytes ? kept : undefined
    let writer = await guarded(() => store.write(asset.sha256, part?.length ?? 0))
    const tell = throttled(context.onProgress)
    try {
      const bytes = await download(asset, {
        fetch: context.fetch,
        signal,
        kept: part,
        delay: context.delay,
        cache: store.kind === 'none' ? 'default' : 'no-store',
        onChunk: async (chunk, offset) => {
          report.fetchedBytes += chunk.length
          const failed =
            writer &&
            (await writer.write(chunk, offset).then(
              () => undefined,
              (cause: unknown) => ({ cause })
            ))
          if (failed) {
            await guarded(writer!.pause)
            writer = undefined
            await giveUpStorage(failed.cause, asset.sha256)
          }
          const loaded = offset + chunk.length
          tell({ phase: 'download', file: asset.file, loaded, total: asset.bytes }, loaded === asset.bytes)
        }
      })
      if (writer) await guarded(() => writer!.finish(bytes), asset.sha256)
      return bytes
    } catch (error) {
      if (writer) await guarded(writer.pause)
      if (error instanceof MatcherError && error.code === 'asset-corrupt')
        await guarded(() => store.remove(asset.sha256))
      throw error
    }
  }

  async function loadText(url: string): Promise<string> {
    const key = TEXT_PREFIX + new Sha256().update(new TextEncoder().encode(url)).hex()
    const kept = await guarded(() => store.read(key))
    const answer = await fetchText(url, context).catch((error: unknown) => {
      if (kept && error instanceof MatcherError && error.code === 'network') {
        report.notes.push(`manifest: the server cannot be reached, so the copy kept here is used`)
        return new TextDecoder().decode(kept)
      }
      throw error
    })
    const bytes = new TextEncoder().encode(answer)
    await guarded(async () => {
      const writer = await store.write(key, 0)
      await writer.write(bytes, 0)
      await writer.finish(bytes)
    }, key)
    return answer
  }

  async function prune(hashesOf: (manifest: string) => readonly string[], keep: readonly string[]): Promise<void> {
    await guarded(async () => {
      const keys = await store.keys()
      const used = new Set(keep)
      for (const key of keys.filter((key) => key.startsWith(TEXT_PREFIX))) {
        const text = await store.read(key)
        if (text) for (const hash of hashesOf(new TextDecoder().decode(text))) used.add(hash)
      }
      for (const key of keys) if (!key.startsWith(TEXT_PREFIX) && !used.has(key)) await store.remove(key)
    })
  }

  return {
    load: (asset) => exclusively(asset.sha256, () => load(asset)),
    loadText: (url) => exclusively(url, () => loadText(url)),
    prune,
    report
  }
}

async function fetchText(url: string, context: AssetLoaderContext): Promise<string> {
  try {
    const response = await context.fetch(url, { signal: context.signal, cache: 'no-cache' })
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
    context.signal.throwIfAborted()
    if (cause instanceof MatcherError) throw cause
    throw new MatcherError(
      'network',
      `${url} could not be fetched: the server cannot be reached or its CORS headers refuse this page.`,
      { cause }
    )
  }
}

/** Whether bytes out of storage are the asset: length, then SHA-256 by the browser's own code, which every page that may store files has. */
async function isWhole(asset: Asset, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (bytes.length !== asset.bytes) return false
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === asset.sha256
}

function throttled(onProgress: (progress: LoadProgress) => void): (progress: LoadProgress, last: boolean) => void {
  let told = -Infinity
  return (progress, last) => {
    const now = performance.now()
    if (!last && now - told < PROGRESS_INTERVAL) return
    told = now
    onProgress(progress)
  }
}

function withLock<T>(key: string, work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? (navigator.locks.request(`sohu-match:${key}`, work) as Promise<T>) : work()
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
