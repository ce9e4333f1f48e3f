import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { readError } from './system-errors'
import { recoverFolder } from './folder'
import { readJson } from './read'

/** The largest manifest.json that is read, in bytes: thousands of times what an export writes. */
const MAX_MANIFEST = 2 ** 24

/** The JSON value of a model folder's manifest.json, unchecked. Throws `asset-missing`, `manifest-invalid`, `storage`. */
export async function readManifest(folder: string): Promise<unknown> {
  await recoverFolder(folder)
  const path = join(folder, 'manifest.json')
  if ((await fileSize(path)) > MAX_MANIFEST)
    throw new MatcherError('manifest-invalid', `${path} has more than ${MAX_MANIFEST} bytes: it is no manifest.`)
  return readJson(path, 'manifest-invalid')
}

/** Bytes of a model's file, without opening it: a pipe or a device in its place would hold a reader for ever. Throws `asset-missing`, `storage`. */
export async function fileSize(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw readError(path, cause, 'asset-missing')
  })
  if (!found.isFile()) throw new MatcherError('asset-missing', `${path} is not a file. Copy the model folder again.`)
  return found.size
}
