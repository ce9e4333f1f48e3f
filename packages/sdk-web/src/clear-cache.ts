import { MatcherError } from '@sohu-match/core'
import { STORE_NAME } from './messages'

/** Removes every file that this library keeps for the page's origin. Throws `storage` while another tab is downloading. */
export async function clearCache(): Promise<void> {
  try {
    if (typeof caches !== 'undefined') await caches.delete(STORE_NAME)
    const root = await navigator.storage?.getDirectory?.().catch(() => undefined) // no OPFS, nothing in it
    await root?.removeEntry(STORE_NAME, { recursive: true })
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotFoundError') return
    throw new MatcherError('storage', `The cache cannot be cleared: ${cause instanceof Error ? cause.message : String(cause)}. Try again when no page is loading a model.`, { cause })
  }
}
