import { messageOf } from '@sohu-match/core'
import { STORE_NAME, type StorageKind } from '../messages'

/** A file being written at byte offsets, so that an interrupted visit leaves its bytes for the next one. */
export interface StoreWriter {
  /**
   * An offset of 0 drops earlier content. Rejects with the browser's error, `QuotaExceededError` if space has run out.
   */
  write(chunk: Uint8Array, offset: number): Promise<void>
  /** Completes the file, whose content is `bytes`. No writes may follow. */
  finish(bytes: Uint8Array): Promise<void>
  /** Closes an incomplete file and keeps its content. */
  pause(): Promise<void>
}

/** Stores downloads between visits, by key. A file may be incomplete: readers check length and hash. */
export interface Store {
  readonly kind: StorageKind
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Opens `key` for writing; its first `keep` bytes stay, others are dropped. */
  write(key: string, keep: number): Promise<StoreWriter>
  remove(key: string): Promise<void>
  /** Keys with the time of their last write (milliseconds since 1970). */
  entries(): Promise<{ key: string; written: number }[]>
}

/** For browsers without storage, and after the quota is exhausted. */
export const noStore: Store = {
  kind: 'none',
  read: async () => undefined,
  write: async () => ({ write: async () => {}, finish: async () => {}, pause: async () => {} }),
  remove: async () => {},
  entries: async () => []
}

/** The first kind of storage that works in a worker, with reasons for those skipped. Never throws. */
export async function openStore(): Promise<{ store: Store; reasons: string[] }> {
  const reasons: string[] = []
  for (const [name, open] of [
    ['OPFS', openFileStore],
    ['the Cache API', openCacheStore]
  ] as const) {
    try {
      return { store: await open(), reasons }
    } catch (cause) {
      reasons.push(`storage: ${name} is not usable here: ${messageOf(cause)}`)
    }
  }
  return { store: noStore, reasons }
}

/** Files in the origin's private file system, through synchronous handles (workers only). Rejects if missing. */
export async function openFileStore(): Promise<Store> {
  const root = await navigator.storage.getDirectory()
  const folder = await root.getDirectoryHandle(STORE_NAME, { create: true })
  if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype))
    throw new Error('it has no synchronous access handles')
  return {
    kind: 'opfs',
    async read(key) {
      const handle = await folder.getFileHandle(key).catch(ignoreMissing)
      return handle && new Uint8Array(await (await handle.getFile()).arrayBuffer())
    },
    async write(key, keep) {
      const file = await (await folder.getFileHandle(key, { create: true })).createSyncAccessHandle()
      file.truncate(keep)
      const close = async () => {
        file.flush()
        file.close()
      }
      const write = async (chunk: Uint8Array, offset: number) => {
        if (offset === 0) file.truncate(0)
        const written = file.write(chunk as Uint8Array<ArrayBuffer>, { at: offset })
        if (written < chunk.length) throw new DOMException('The file takes no more bytes.', 'QuotaExceededError')
      }
      return { write, finish: close, pause: close }
    },
    async remove(key) {
      await folder.removeEntry(key).catch(ignoreMissing)
    },
    async entries() {
      const found: { key: string; written: number }[] = []
      for await (const [key, handle] of folder.entries())
        found.push({ key, written: (await (handle as FileSystemFileHandle).getFile()).lastModified })
      return found
    }
  }
}

/** Whole responses in the Cache API: an interrupted download restarts on the next visit. Rejects if it is missing. */
export async function openCacheStore(): Promise<Store> {
  const cache = await caches.open(STORE_NAME)
  const address = (key: string) => new URL(`/.${STORE_NAME}/${key}`, location.origin).href
  return {
    kind: 'cache',
    async read(key) {
      const response = await cache.match(address(key))
      return response && new Uint8Array(await response.arrayBuffer())
    },
    async write(key) {
      return {
        write: async () => {},
        finish: (bytes) =>
          cache.put(
            address(key),
            new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { date: new Date().toUTCString() } })
          ),
        pause: async () => {}
      }
    },
    async remove(key) {
      await cache.delete(address(key))
    },
    entries: async () =>
      Promise.all(
        (await cache.keys()).map(async (request) => ({
          key: request.url.slice(request.url.lastIndexOf('/') + 1),
          written: Date.parse((await cache.match(request))?.headers.get('date') ?? '') || 0
        }))
      )
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'NotFoundError') return undefined
  throw error
}
