import { randomUUID } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder, syncTree } from './atomic'
import { storageError } from './system-errors'

/**
 * Replaces a folder atomically. `build` fills a new folder next to it, which is flushed and renamed before the previous
 * one is removed. A process killed at any time leaves the previous or the new folder complete, at `target` or, between
 * two renames, where `recoverFolder` finds it. One writer at a time. Throws the errors of `build`, or `storage`; the
 * previous folder is then unchanged.
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
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined) // the first failure is the one to report
    throw isSystemError(cause) ? storageError('write', target, cause) : cause
  }
}

/**
 * Restores the previous folder if a writer was killed between moving it away and renaming the new one. Readers call it
 * before they open a folder that may have been interrupted. Throws `storage`.
 */
export async function recoverFolder(target: string): Promise<void> {
  const previous = previousOf(target)
  try {
    if (!existsSync(target) && existsSync(previous)) await rename(previous, target)
  } catch (cause) {
    // A live writer may have finished meanwhile: then the folder exists.
    if (!existsSync(target)) throw storageError('recover', target, cause)
  }
}

/**
 * Restores the previous folder like `recoverFolder`, and removes other leftovers of killed writers. Throws `storage`.
 */
export async function tidyFolder(target: string): Promise<void> {
  await recoverFolder(target)
  await removeLeftovers(target).catch((cause: unknown) => {
    throw storageError('clean', dirname(target), cause)
  })
}

/**
 * Moves the old folder away and the new one in. The two renames are synchronous (microseconds apart); a reader in
 * another process that recovers in between restores the old one, so try again.
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
