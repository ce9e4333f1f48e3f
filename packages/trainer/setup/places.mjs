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

/** Where set-up records what it has done: inside node_modules, so that the records are removed with the packages. */
export const STATE = path.join(nodeModules(PACKAGE), '.sohu-match')

/** The node_modules that an installed package is in, or that of the clone with its sources. */
export function nodeModules(folder) {
  const parts = folder.split(path.sep)
  const last = parts.lastIndexOf('node_modules')
  return last < 0 ? path.join(folder, '..', '..', 'node_modules') : parts.slice(0, last + 1).join(path.sep)
}

/** The folder for large downloads, outside node_modules, which `npm ci` empties; several clones share it. */
export function cacheFolder(env = process.env) {
  return env.SOHU_MATCH_CACHE ?? path.join(env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'sohu-match')
}

/** Content of `name`.json in `folder`; undefined if it is missing or truncated. */
export function readNote(name, folder = STATE) {
  try {
    return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'))
  } catch {
    return undefined
  }
}

/** Writes `name`.json atomically. */
export function writeNote(name, value, folder = STATE) {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${name}.json`)
  writeFileSync(`${file}.${process.pid}.tmp`, `${JSON.stringify(value, null, 2)}\n`)
  renameSync(`${file}.${process.pid}.tmp`, file)
}

/** Removes `name`.json: called before work that invalidates it. */
export function dropNote(name, folder = STATE) {
  rmSync(path.join(folder, `${name}.json`), { force: true })
}

/**
 * Makes `target` with `fill(temporary)`: the folder gets its own name only after `fill` has finished, so an interrupted set-up
 * leaves nothing that counts as done. Removes leftovers of earlier interrupted runs.
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

/** Copies a folder tree as hard links, or as copies if the two places are on different disks. */
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

/** The first of `files` that does not exist, or undefined. */
export const firstMissing = (files) => files.find((file) => !existsSync(file))
