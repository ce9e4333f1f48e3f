import { spawnSync } from 'node:child_process'

/** Runs a program with its output shown; if it fails, exits with its exit code. */
export function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/** Runs an Nx command of this workspace. */
export function nx(...args) {
  run(process.execPath, 'node_modules/nx/dist/bin/nx.js', ...args)
}
