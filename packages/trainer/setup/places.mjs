import {
  existsSync,
  linkSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SetupError } from './say.mjs'

/** The folder of this package. */
export const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/** Where set-up notes what it has done: inside node_modules, so that the notes go when the packages go. */
export const STATE = path.join(nodeModules(PACKAGE), '.sohu-match')

/** The node_modules that an installed package lies in, or the one of the clone that holds its sources. */
export function nodeModules(folder) {
  const parts = folder.split(path.sep)
  const last = parts.lastIndexOf('node_modules')
  return last < 0 ? path.join(folder, '..', '..', 'node_modules') : parts.slice(0, last + 1).join(path.sep)
}

/** The folder of large downloads, outside node_modules because `npm ci` empties that; several clones share it. */
export function cacheFolder(env = process.env) {
  return env.SOHU_MATCH_CACHE ?? path.join(env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'sohu-match')
}

/** What `name`.json in `folder` holds; undefined where it is missing or cut short. */
export function readNote(name, folder = STATE) {
  try {
    return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'))
  } catch {
    return undefined
  }
}

/** Writes `name`.json whole or not at all. */
export function writeNote(name, value, folder = STATE) {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${name}.json`)
  writeFileSync(`${file}.${process.pid}.tmp`, `${JSON.stringify(value, null, 2)}\n`)
  renameSync(`${file}.${process.pid}.tmp`, file)
}

/** Forgets `name`.json: called before the work that would make it untrue. */
export function dropNote(name, folder = STATE) {
  rmSync(path.join(folder, `${name}.json`), { force: true })
}

/**
 * Makes `target` through `fill(temporary)`: the folder appears under its own name only when `fill` has ended, so an interrupted set-up
 * leaves nothing that counts as done. What earlier interrupted runs left beside it is removed.
 */
export async function makeFolder(target, fill) {
  const parent = path.dirname(target)
  const prefix = `${path.basename(target)}.tmp-`
  const temporary = path.join(parent, `${prefix}${process.pid}`)
  try {
    mkdirSync(parent, { recursive: true })
    for (const name of readdirSync(parent)) {
      if (name.startsWith(prefix) && !isRunning(Number(name.slice(prefix.length))))
        rmSync(path.join(parent, name), { recursive: true, force: true })
    }
    mkdirSync(temporary)
  } catch (cause) {
    throw new SetupError(
      `${parent} cannot be written (${cause.code}): free it, or name another folder for downloads in SOHU_MATCH_CACHE.`,
      { cause }
    )
  }
  try {
    await fill(temporary)
    rmSync(target, { recursive: true, force: true })
    renameSync(temporary, target)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Repeats a folder tree with hard links to its files, or with copies where the two places are on different disks. */
export function linkTree(from, to) {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name)
    const sink = path.join(to, entry.name)
    if (entry.isDirectory()) linkTree(source, sink)
    else linkFile(source, sink)
  }
}

function linkFile(source, sink) {
  try {
    linkSync(source, sink)
  } catch {
    copyFileSync(source, sink) // another disk, or one without hard links
  }
}

/** The first of `files` that does not exist, else undefined. */
export const firstMissing = (files) => files.find((file) => !existsSync(file))
