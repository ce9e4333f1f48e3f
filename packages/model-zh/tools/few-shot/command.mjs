import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/** A user's path, relative to the folder in which they ran the command. */
export const userPath = (path) => resolve(process.env.INIT_CWD ?? '.', path)

/** Runs a command of packages/train with its progress on stderr; returns its stdout. Throws if it fails. */
export function train(...flags) {
  const { status, stdout, error } = spawnSync(process.execPath, ['packages/train/dist/cli.js', ...flags], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, INIT_CWD: ROOT },
    maxBuffer: 1e8
  })
  if (error) throw error
  if (status !== 0) throw new Error(`train ${flags.join(' ')} exited with ${status}.`)
  return stdout
}
