import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MatcherError, parseManifest, type LoadProgress, type Manifest, type ManifestFile } from '@sohu-match/core'
import { fileSize, readBytes, readManifest, sha256, sha256File } from '@sohu-match/node'

/** A model folder whose manifest has been read; nothing else is trusted until it is verified. */
export interface ModelFolder {
  readonly path: string
  readonly manifest: Manifest
  /** The bytes of a listed file. Throws `asset-missing`, `asset-corrupt`. */
  read(file: string): Promise<Uint8Array>
  /** Checks a listed file, reading it in pieces, and returns its path. Throws `asset-missing`, `asset-corrupt`. */
  verify(file: string): Promise<string>
}

/** What watches over loading. */
export interface LoadWatch {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/** Opens a model folder by path or `file:` URL. Throws `input-invalid`, `asset-missing`, `manifest-invalid`. */
export async function openModelFolder(
  model: string | URL,
  { signal, onProgress }: LoadWatch = {}
): Promise<ModelFolder> {
  const path = folderPath(model)
  const manifest = parseManifest(await readManifest(path), join(path, 'manifest.json'))
  const tell = (file: string, loaded: number, total: number): void => {
    signal?.throwIfAborted()
    onProgress?.({ phase: 'verify', file, loaded, total })
  }
  const listed = (file: string): ManifestFile => manifest.files[file]!

  return {
    path,
    manifest,
    async read(file) {
      const { bytes, sha256: wanted } = listed(file)
      tell(file, 0, bytes)
      check(join(path, file), listed(file), await fileSize(join(path, file)), () => wanted)
      const data = await readBytes(join(path, file))
      check(join(path, file), { bytes, sha256: wanted }, data.length, () => sha256(data))
      tell(file, bytes, bytes)
      return data
    },
    async verify(file) {
      const { bytes } = listed(file)
      check(join(path, file), listed(file), await fileSize(join(path, file)), () => listed(file).sha256)
      const hash = await sha256File(join(path, file), (loaded) => tell(file, loaded, bytes))
      check(join(path, file), listed(file), bytes, () => hash)
      return join(path, file)
    }
  }
}

function folderPath(model: string | URL): string {
  const text = String(model)
  if (text.startsWith('file:')) return fileURLToPath(text)
  if (/^https?:/.test(text) || typeof model !== 'string' || text === '') {
    throw new MatcherError(
      'input-invalid',
      `model is ${JSON.stringify(text)}; it must be the path of a model folder. Copy the folder to this machine first.`
    )
  }
  return resolve(text)
}

function check(path: string, wanted: ManifestFile, bytes: number, hash: () => string): void {
  const found =
    bytes !== wanted.bytes
      ? `${bytes} bytes, not ${wanted.bytes}`
      : hash() !== wanted.sha256
        ? 'other contents'
        : undefined
  if (found)
    throw new MatcherError(
      'asset-corrupt',
      `${path} has ${found}: it is not the file that manifest.json lists. Copy the model folder again.`
    )
}
