import { messageOf } from '@sohu-match/core'
import type { StorageKind } from '../messages'
import { noStore, type Store, type StoreWriter } from './store'

/** Milliseconds after which an unused model is removed: 30 days. */
const UNUSED_AFTER = 30 * 24 * 3600 * 1000

/** Milliseconds in which an empty manifest is taken for one that another tab is writing. */
const BEING_WRITTEN = 60_000

/** Number of releases of a model, by the name in its manifest, to keep. */
const RELEASES_KEPT = 2

/** Names of the errors that mean a full quota; the second is Firefox's, of its Cache API. */
const FULL = ['QuotaExceededError', 'NS_ERROR_FILE_NO_DEVICE_SPACE']

const TEXT_PREFIX = 'manifest-'

/** The model's name and the hashes of its files. */
export interface ListedModel {
  readonly name: string
  readonly hashes: readonly string[]
}

/** Storage that never fails a load: after an error it is no longer used, and a note says why. */
export interface KeptFiles {
  readonly kind: StorageKind
  readonly notes: readonly string[]
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Opens a file for writing after its first `keep` bytes; undefined if nothing can be stored. */
  open(key: string, keep: number): Promise<KeptWriter | undefined>
  remove(key: string): Promise<void>
  /** Removes unused manifests, and every file that no other one lists, except `keep`. */
  prune(listed: (manifest: string) => ListedModel | undefined, keep: readonly string[], now: number): Promise<void>
}

/** A file being written; after the first failure nothing more is written, and nothing is left of it. */
export type KeptWriter = StoreWriter

/** `hash` is that of the manifest's address. */
export const manifestKey = (hash: string): string => TEXT_PREFIX + hash

export function createKeptFiles(store: Store, reasons: readonly string[]): KeptFiles {
  const notes = [...reasons]
  let active = store

  async function guarded<T>(work: () => Promise<T>, key?: string): Promise<T | undefined> {
    try {
      return await work()
    } catch (cause) {
      if (key) await store.remove(key).catch(() => undefined) // the storage has already been given up
      if (active !== noStore) {
        active = noStore
        const full = FULL.includes((cause as Error).name)
        const why = full ? 'the quota of this origin is used up' : messageOf(cause)
        notes.push(`storage: ${why}, so files are not kept`)
      }
      return undefined
    }
  }

  async function open(key: string, keep: number): Promise<KeptWriter | undefined> {
    let writer = await guarded(() => active.write(key, keep))
    return (
      writer && {
        async write(chunk, offset) {
          const open = writer
          if (!open) return
          await guarded(async () => {
            try {
              await open.write(chunk, offset)
            } catch (cause) {
              writer = undefined
              await open.pause()
              throw cause
            }
          }, key)
        },
        finish: async (bytes) => void (writer && (await guarded(() => writer!.finish(bytes), key))),
        pause: async () => void (writer && (await guarded(() => writer!.pause())))
      }
    )
  }

  return {
    get kind() {
      return active.kind
    },
    notes,
    read: (key) => guarded(() => active.read(key)),
    open,
    remove: async (key) => void (await guarded(() => active.remove(key))),
    prune: async (listed, keep, now) => void (await guarded(() => prune(active, listed, keep, now)))
  }
}

async function prune(
  store: Store,
  listed: (manifest: string) => ListedModel | undefined,
  keep: readonly string[],
  now: number
): Promise<void> {
  const entries = (await store.entries()).sort((one, other) => other.written - one.written)
  const used = new Set(keep)
  const releases = new Map<string, number>()
  for (const { key, written } of entries.filter(({ key }) => key.startsWith(TEXT_PREFIX))) {
    const bytes = await store.read(key)
    if (bytes?.length === 0 && now - written < BEING_WRITTEN) return // its files must stay
    const model = bytes && listed(new TextDecoder().decode(bytes))
    const release = (releases.get(model?.name ?? '') ?? 0) + 1
    if (!model || release > RELEASES_KEPT || now - written > UNUSED_AFTER) continue
    releases.set(model.name, release)
    used.add(key)
    for (const hash of model.hashes) used.add(hash)
  }
  for (const { key } of entries) if (!used.has(key)) await store.remove(key)
}
