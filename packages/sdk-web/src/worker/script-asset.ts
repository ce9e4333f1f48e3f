import { MatcherError } from '@sohu-match/core'
import type { Asset } from '../messages'
import { Sha256 } from './sha256'

/** Hashes a file that no list has, as the server sends it now. */
export function assetOf(file: string, url: string, content: Uint8Array): Asset {
  return { file, url, bytes: content.length, sha256: new Sha256().update(content).hex() }
}

/** Fetches a script, so that the browser's or a service worker's cache has it. Throws `network`. */
export async function scriptAsset(url: string): Promise<Asset> {
  try {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`status ${response.status}`)
    const file = new URL(url).pathname.replace(/.*\//, '')
    return assetOf(file, url, new Uint8Array(await response.arrayBuffer()))
  } catch (cause) {
    throw new MatcherError('network', `The script ${url} could not be fetched; serve this package's files.`, { cause })
  }
}
