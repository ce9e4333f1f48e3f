import { MatcherError, messageOf } from '@sohu-match/core'
import { STORE_NAME } from './messages'
import { VECTORS_NAME } from './vector-store'

/** Milliseconds before retries for a locked file: browsers release the files of an ended worker with a delay. */
const AGAIN_AFTER = [50, 200, 500]

/** Removes everything that this library stores for the origin. Throws `storage` while another tab is downloading. */
export async function clearCache(): Promise<void> {
  try {
    if (typeof indexedDB !== 'undefined') indexedDB.deleteDatabase(VECTORS_NAME) // completes once every tab has closed it
    if (typeof caches !== 'undefined') await caches.delete(STORE_NAME)
    const root = await navigator.storage?.getDirectory?.().catch(() => undefined) // without OPFS there is nothing in it
    if (root) await removeStore(root)
  } catch (cause) {
    if (isNamed(cause, 'NotFoundError')) return
    throw new MatcherError(
      'storage',
      `The cache cannot be cleared: ${messageOf(cause)}. Try again when no page is loading a model.`,
      { cause }
    )
  }
}

async function removeStore(root: FileSystemDirectoryHandle): Promise<void> {
  for (const wait of AGAIN_AFTER) {
    try {
      return await root.removeEntry(STORE_NAME, { recursive: true })
    } catch (error) {
      if (!isNamed(error, 'NoModificationAllowedError')) throw error
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
  return root.removeEntry(STORE_NAME, { recursive: true })
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name
}
