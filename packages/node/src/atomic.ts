import { randomUUID } from 'node:crypto'
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { storageError } from './system-errors'

/**
 * Replaces a file atomically: writes a temporary file next to it, flushes it, and renames it. Readers see the old or
 * the new file, never a part. Throws `storage`; the old file is then unchanged.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  let file: FileHandle | undefined
  try {
    file = await open(temporary, 'wx')
    await file.writeFile(data)
    await file.sync()
    await file.close()
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await file?.close().catch(() => undefined) // a second failure adds nothing to the first
    await rm(temporary, { force: true }).catch(() => undefined)
    throw storageError('write', path, cause)
  }
}

/** True for temporary names of `writeFileAtomic`, which a killed process leaves behind. */
export function isTemporary(name: string): boolean {
  return /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name)
}

/** Removes the leftovers of killed `writeFileAtomic` calls in a folder without other writers. Throws `storage`. */
export async function removeTemporaries(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) if (isTemporary(name)) await rm(join(folder, name), { force: true })
  } catch (cause) {
    throw storageError('clean', folder, cause)
  }
}

/** Flushes `folder` and everything in it to the disk. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else if (entry.isFile()) await syncPath(path)
  }
  await syncFolder(folder)
}

/** Makes renames in a folder durable. Windows cannot flush a folder, and does not need to for renames. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform !== 'win32') await syncPath(folder)
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
