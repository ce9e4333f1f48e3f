import { randomUUID } from 'node:crypto'
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { storageError } from './system-errors'

/**
 * Replaces a file whole: the bytes go to a temporary name beside it, to the disk, and then take its name. Whoever reads sees the old
 * or the new file, never a part. Throws `storage`; the old file is then as it was.
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
    await file?.close().catch(() => undefined) // a second failure says nothing that the first does not
    await rm(temporary, { force: true }).catch(() => undefined)
    throw storageError('write', path, cause)
  }
}

/** Whether a name is one that `writeFileAtomic` writes under: a kill leaves it behind. */
export function isTemporary(name: string): boolean {
  return /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name)
}

/** Removes what killed calls of `writeFileAtomic` left in a folder that no one else writes to. Throws `storage`. */
export async function removeTemporaries(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) if (isTemporary(name)) await rm(join(folder, name), { force: true })
  } catch (cause) {
    throw storageError('clean', folder, cause)
  }
}

/** Flushes every file and folder under `folder`, itself included, to the disk. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else if (entry.isFile()) await syncPath(path)
  }
  await syncFolder(folder)
}

/** Makes renames in a folder durable. Windows cannot flush a folder, and does not need it for renames. */
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
