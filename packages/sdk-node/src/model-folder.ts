import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { MatcherError, messageOf, parseManifest, type FileProgress, type Manifest } from '@sohu-match/core'
import { fileSize, readManifest } from '@sohu-match/node'

/** A model folder whose manifest has been read; nothing else is trusted until it is verified. */
export interface ModelFolder {
  readonly path: string
  readonly manifest: Manifest
  /** Verified bytes in memory that threads can share. Throws `asset-missing`, `asset-corrupt`, `storage`. */
  read(file: string, watch?: LoadWatch): Promise<Uint8Array>
}

export interface LoadWatch {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: FileProgress) => void) | undefined
}

/** Bytes read and hashed between two turns of the event loop. */
const PIECE = 1 << 20

/** By path or `file:` URL. Throws `input-invalid`, `asset-missing`, `manifest-invalid`. */
export async function openModelFolder(model: string | URL): Promise<ModelFolder> {
  const path = folderPath(model)
  const manifest = parseManifest(await readManifest(path), join(path, 'manifest.json'))
  return {
    path,
    manifest,
    async read(file, { signal, onProgress } = {}) {
      const { bytes, sha256 } = manifest.files[file]!
      const report = (loaded: number): void => {
        signal?.throwIfAborted()
        onProgress?.({ phase: 'verify', file, loaded, total: bytes })
      }
      const whole = join(path, file)
      const size = await fileSize(whole)
      if (size !== bytes) throw corrupt(whole, `${size} bytes, not ${bytes}`)
      report(0)
      const { data, hash } = await readAndHash(whole, bytes, report)
      if (hash !== sha256) throw corrupt(whole, 'other contents')
      return data
    }
  }
}

/** The first `bytes` bytes of a file, and their SHA-256: the hashed bytes are the returned ones. */
async function readAndHash(
  path: string,
  bytes: number,
  onBytes: (loaded: number) => void
): Promise<{ data: Uint8Array; hash: string }> {
  const data = new Uint8Array(new SharedArrayBuffer(bytes))
  const hash = createHash('sha256')
  const piece = new Uint8Array(Math.min(PIECE, bytes))
  const file = await open(path).catch((cause: unknown) => unreadable(path, cause))
  try {
    for (let at = 0; at < bytes;) {
      const { bytesRead } = await file
        .read(piece, 0, Math.min(PIECE, bytes - at), at)
        .catch((cause: unknown) => unreadable(path, cause))
      if (bytesRead === 0) throw corrupt(path, `${at} bytes, not ${bytes}`)
      const read = piece.subarray(0, bytesRead)
      hash.update(read)
      data.set(read, at)
      onBytes((at += bytesRead))
    }
  } finally {
    await file.close()
  }
  return { data, hash: hash.digest('hex') }
}

function folderPath(model: unknown): string {
  const text = String(model)
  if (text.startsWith('file:')) return pathOf(text)
  if (/^https?:/.test(text) || typeof model !== 'string' || text === '') {
    const found = model === undefined ? 'missing' : JSON.stringify(text)
    throw new MatcherError(
      'input-invalid',
      `The option model is ${found}; it must be the path of a model folder. Copy the folder to this machine first.`
    )
  }
  return resolve(text)
}

function pathOf(address: string): string {
  try {
    return fileURLToPath(address)
  } catch (cause) {
    throw new MatcherError('input-invalid', `The option model is ${address}: ${messageOf(cause)}.`, { cause })
  }
}

function unreadable(path: string, cause: unknown): never {
  throw new MatcherError('storage', `${path} cannot be read: ${messageOf(cause)}.`, { cause })
}

function corrupt(path: string, found: string): MatcherError {
  return new MatcherError(
    'asset-corrupt',
    `${path} has ${found}: it is not the file that manifest.json lists. Copy the model folder again.`
  )
}
