import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { recoverFolder } from './folder'
import { fileSize, readJson } from './read'

/** In bytes: thousands of times the size of real ones. */
const MAX_MANIFEST = 2 ** 24

/** The unchecked JSON of manifest.json. Throws `asset-missing`, `manifest-invalid`, `storage`. */
export async function readManifest(folder: string): Promise<unknown> {
  await recoverFolder(folder)
  const path = join(folder, 'manifest.json')
  await refuseCheckpoint(folder)
  if ((await fileSize(path)) > MAX_MANIFEST)
    throw new MatcherError('manifest-invalid', `${path} has more than ${MAX_MANIFEST} bytes, so it is not a manifest.`)
  return readJson(path, 'manifest-invalid')
}

/** Throws `asset-missing` for a checkpoint, or the run that contains it. */
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
      `npx sohu-train export --checkpoint ${checkpoint} --data DIR --out models/NAME`
  )
}
