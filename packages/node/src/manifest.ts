import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { recoverFolder } from './folder'
import { fileSize, readJson } from './read'

/** Largest manifest.json that is read, in bytes: thousands of times what an export writes. */
const MAX_MANIFEST = 2 ** 24

/** The JSON value of a model folder's manifest.json, unchecked. Throws `asset-missing`, `manifest-invalid`, `storage`. */
export async function readManifest(folder: string): Promise<unknown> {
  await recoverFolder(folder)
  const path = join(folder, 'manifest.json')
  if ((await fileSize(path)) > MAX_MANIFEST)
    throw new MatcherError('manifest-invalid', `${path} has more than ${MAX_MANIFEST} bytes, so it is not a manifest.`)
  return readJson(path, 'manifest-invalid')
}
