import { stat } from 'node:fs/promises'
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
  await refuseCheckpoint(folder)
  if ((await fileSize(path)) > MAX_MANIFEST)
    throw new MatcherError('manifest-invalid', `${path} has more than ${MAX_MANIFEST} bytes, so it is not a manifest.`)
  return readJson(path, 'manifest-invalid')
}

/** Throws `asset-missing` for a folder that training wrote: a checkpoint, or the run that holds it. */
async function refuseCheckpoint(folder: string): Promise<void> {
  const has = (name: string): Promise<boolean> =>
    stat(join(folder, name)).then(
      () => true,
      () => false
    )
  if (await has('manifest.json')) return
  const checkpoint = (await has('model.safetensors')) ? folder : (await has('train.json')) && join(folder, 'best')
  if (!checkpoint) return
  throw new MatcherError(
    'asset-missing',
    `${folder} is a training ${checkpoint === folder ? 'checkpoint' : 'run'}, not a model folder; export it first: ` +
      `npx sohu-train export --checkpoint ${checkpoint} --out models/NAME`
  )
}
