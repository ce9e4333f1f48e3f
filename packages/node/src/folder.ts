import { randomUUID } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder, syncTree } from './atomic'
import { storageError } from './system-errors'

/**
 * Replaces a folder whole. `build` fills a new folder beside it; that goes to the disk and takes the name, the previous one is removed.
 * A kill at any instant leaves the previous or the new folder whole, at `target` or, between two renames, where `recoverFolder` finds it.
 * One writer at a time. Throws what `build` throws, or `storage`; the previous folder is then as it was.
 */
export async function replaceFolder(target: string, build: (temporary: string) => Promise<void>): Promise<void> {
  const parent = dirname(target)
  const temporary = join(parent, `${newPrefix(target)}${randomUUID().slice(0, 8)}.tmp`)
  try {
    await mkdir(parent, { recursive: true })
    await recoverFolder(target)
    await removeLeftovers(target)
    await mkdir(temporary)
    await build(temporary)
    await syncTree(temporary)
    await swap(temporary, target)
    await syncFolder(parent)
    await rm(previousOf(target), { recursive: true, force: true })
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined) // the first failure is the one to tell
    throw isSystemError(cause) ? storageError('write', target, cause) : cause
  }
}

/**
 * Puts back the previous folder if a writer was killed between moving it away and naming the new one; otherwise does nothing.
 * Readers call it before they open a folder that may have been interrupted. Throws `storage`.
 */
export async function recoverFolder(target: string): Promise<void> {
  const previous = previousOf(target)
  try {
    if (!existsSync(target) && existsSync(previous)) await rename(previous, target)
  } catch (cause) {
    // A writer that is alive may have finished in between: then the folder is there.
    if (!existsSync(target)) throw storageError('recover', target, cause)
  }
}

/** Puts back the previous folder as `recoverFolder` does, and removes what else a killed writer left beside it. Throws `storage`. */
export async function tidyFolder(target: string): Promise<void> {
  await recoverFolder(target)
  await removeLeftovers(target).catch((cause: unknown) => {
    throw storageError('clean', dirname(target), cause)
  })
}

/**
 * Moves the old folder away and the new one in. The two renames follow each other at once (synchronously: microseconds); a reader in
 * another process that recovers in between puts the old one back, so try again.
 */
async function swap(temporary: string, target: string): Promise<void> {
  const previous = previousOf(target)
  for (let attempt = 0; ; attempt++) {
    if (existsSync(target)) await rm(previous, { recursive: true, force: true })
    try {
      if (existsSync(target)) renameSync(target, previous)
      return renameSync(temporary, target)
    } catch (cause) {
      if (attempt < 5 && ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? ''))
        continue
      await recoverFolder(target)
      throw cause
    }
  }
}

/** Removes what killed writers left beside the folder. */
async function removeLeftovers(target: string): Promise<void> {
  const parent = dirname(target)
  for (const name of await readdir(parent)) {
    if (name.startsWith(newPrefix(target)) && name.endsWith('.tmp'))
      await rm(join(parent, name), { recursive: true, force: true })
  }
  if (existsSync(target)) await rm(previousOf(target), { recursive: true, force: true })
}

function newPrefix(target: string): string {
  return `.${basename(target)}.new-`
}

function previousOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.previous.tmp`)
}

function isSystemError(cause: unknown): boolean {
  return cause instanceof Error && typeof (cause as NodeJS.ErrnoException).syscall === 'string'
}
