import { MatcherError } from '@sohu-match/core'
import type { Asset, WebLoad, WebLoaded } from './messages'
import { checkWebOptions, type LoadOptions, type WebMatcherInfo } from './options'
import { startOnDevice } from './start-device'

/** Result of `preload`. */
export type Preloaded = Pick<
  WebMatcherInfo,
  'device' | 'dtype' | 'storage' | 'fetchedBytes' | 'reusedBytes' | 'notes' | 'reasons'
>

/**
 * Lists every file that `createMatcher` would fetch with these options on this device: this package's scripts, the
 * manifest, the model's files and the runtime's WebAssembly. It fetches the first three, which no list has. Throws as
 * `createMatcher`.
 */
export async function listAssets(options: LoadOptions): Promise<readonly Asset[]> {
  return (await prepare(options, 'listed')).loaded.assets
}

/**
 * Downloads, verifies and stores the files that `createMatcher` needs with these options on this device, without
 * opening a session. Throws as `createMatcher`, and `storage` if the browser stores nothing or has run out of space.
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
