import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Whether a step's output exists; the path is relative to the root. */
export function done(path) {
  return existsSync(`${root}/${path}`)
}

/** The text of a step's output; the path is relative to the root. */
export function contentOf(path) {
  return readFileSync(`${root}/${path}`, 'utf8')
}

/** Writes a file that a later run of the recipe reads; the path is relative to the root. */
export function note(path, text) {
  writeFileSync(`${root}/${path}`, text)
}

/** Removes the outputs of a recipe's steps; the path is relative to the root. */
export function forget(folder) {
  rmSync(`${root}/${folder}`, { recursive: true, force: true })
}

/** One command of this repository, as the Nx target `package:command` runs it; paths are relative to the root. Exits the program if it fails. */
export function step(name, ...flags) {
  const code = status(name, ...flags)
  if (code !== 0) process.exit(code)
}

/** The exit code of such a command. */
export function status(name, ...flags) {
  console.log(`\n${name} ${flags.join(' ')}`)
  const { status, error } = spawnSync(process.execPath, [`packages/${name}/dist/cli.js`, ...flags], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, INIT_CWD: root }
  })
  if (error) throw error
  return status ?? 1
}
