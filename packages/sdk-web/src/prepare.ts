import { MatcherError } from '@sohu-match/core'
import type { Asset, WebLoad, WebLoaded } from './messages'
import { checkWebOptions, type LoadOptions, type WebMatcherInfo } from './options'
import { startOnDevice } from './start-device'

/** What `preload` found out. */
export type Preloaded = Pick<
  WebMatcherInfo,
  'device' | 'dtype' | 'storage' | 'fetchedBytes' | 'reusedBytes' | 'notes' | 'reasons'
>

/**
 * Every file that `createMatcher` with these options would fetch on this device: this package's scripts, the manifest, the model's files
 * and the runtime's WebAssembly. The first three, which nothing lists, are fetched for it. Throws as `createMatcher`.
 */
export async function listAssets(options: LoadOptions): Promise<readonly Asset[]> {
  return (await prepare(options, 'listed')).loaded.assets
}

/**
 * Downloads what `createMatcher` with these options needs on this device, verifies and stores it, and starts nothing: no session is opened.
 * Throws as `createMatcher`, and `storage` where the browser stores nothing or has run out of space.
 */
export async function preload(options: LoadOptions): Promise<Preloaded> {
  const { device, reasons, loaded } = await prepare(options, 'stored')
  const { dtype, storage, fetchedBytes, reusedBytes, notes } = loaded
  if (storage === 'none') throw new MatcherError('storage', `Nothing was stored: ${notes.join('; ')}.`)
  return { device, dtype, storage, fetchedBytes, reusedBytes, notes, reasons }
}

async function prepare(
  options: LoadOptions,
  until: WebLoad['until']
): Promise<Pick<Preloaded, 'device' | 'reasons'> & { loaded: WebLoaded }> {
  checkWebOptions(options)
  const { started, reasons } = await startOnDevice(options, until)
  const { load, loaded } = started
  started.end(new MatcherError('disposed', 'This worker only loads files.'))
  return { device: load.device, reasons, loaded }
}
