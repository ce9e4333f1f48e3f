import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { storageError } from './system-errors'

/** The process that holds a lock. `started` distinguishes it from a later process with the same number (Linux). */
interface Owner {
  readonly pid: number
  readonly host: string
  readonly started?: string | undefined
}

/**
 * Acquires the lock file at `path`, whose folder must exist, and returns its release; `guarded` is its name in errors
 * (default: that folder). A dead process loses its lock. Throws `output-exists` while another process holds it (also on
 * another machine, which cannot be asked), `storage`.
 */
export async function acquireLock(path: string, guarded = dirname(path)): Promise<() => Promise<void>> {
  const content = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    key: randomUUID()
  })
  while (!(await place(path, content))) {
    const found = await read(path)
    if (found === undefined) continue // released meanwhile
    const owner = parseOwner(found)
    if (!owner || isAlive(owner)) throw held(path, guarded, owner)
    await takeAway(path, found)
  }
  return async () => {
    if ((await read(path)) === content) await rm(path, { force: true })
  }
}

/** Returns false if the file exists. A link, unlike a write, appears with its content. */
async function place(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, content)
    return await linkOrWrite(temporary, path, content)
  } catch (cause) {
    throw storageError('lock', path, cause)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** File systems without links (FAT, some network shares) get an exclusive write. */
async function linkOrWrite(temporary: string, path: string, content: string): Promise<boolean> {
  const code = await codeOf(link(temporary, path))
  if (code === undefined) return true
  if (code === 'EEXIST' || code === 'ENOENT') return false // exists, or the temporary file was removed: look again
  const written = await codeOf(writeFile(path, content, { flag: 'wx' }))
  if (written === undefined) return true
  if (written === 'EEXIST') return false
  throw Object.assign(new Error(`the lock file cannot be made (${written})`), { code: written })
}

function codeOf(action: Promise<void>): Promise<string | undefined> {
  return action.then(
    () => undefined,
    (cause: NodeJS.ErrnoException) => cause.code ?? cause.message
  )
}

/** Removes a dead process's lock, but not one that has replaced it meanwhile. */
async function takeAway(path: string, dead: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.tmp`
  try {
    await rename(path, aside)
    if ((await read(aside)) !== dead) await link(aside, path)
  } catch (cause) {
    if (!['ENOENT', 'EEXIST'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      throw storageError('unlock', path, cause)
  } finally {
    await rm(aside, { force: true })
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw storageError('read', path, cause)
  })
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Owner
    return Number.isInteger(pid) && pid > 0 && typeof host === 'string' ? { pid, host, started } : undefined
  } catch {
    return undefined // not written by acquireLock: the error says so
  }
}

function isAlive({ pid, host, started }: Owner): boolean {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = startOf(pid)
  return started === undefined || now === undefined || now === started
}

/** In the kernel's ticks since boot: field 22 of /proc/PID/stat, whose second may contain spaces. Linux only. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined // no /proc, or the process has just ended
  }
}

function held(path: string, guarded: string, owner: Owner | undefined): MatcherError {
  if (!owner) {
    return new MatcherError(
      'output-exists',
      `${path} is not a lock of this program; delete it if nothing is writing to ${guarded}, or name another --out.`
    )
  }
  const where = owner.host === hostname() ? '' : ` on ${owner.host}`
  const anyway = where && `, or, if that process is dead, delete ${basename(path)}`
  return new MatcherError(
    'output-exists',
    `${guarded} is in use by process ${owner.pid}${where}; wait until it ends, name another --out${anyway}.`
  )
}
