import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Folders that the bundle of sohu-train is built from. */
const TRAINER = ['core', 'node', 'train', 'export', 'trainer'].map((name) => path.join('packages', name))
const BUNDLE = 'packages/trainer/dist/lib/cli.js'

/** Builds packages of this clone silently; if that fails, prints Nx's output and exits. */
export function quietBuild(...projects) {
  const flags = ['run-many', '-t', 'build', '-p', projects.join(), '--outputStyle=static']
  const { status, stdout, stderr, error } = spawnSync(process.execPath, ['node_modules/nx/dist/bin/nx.js', ...flags], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1e8
  })
  if (error) throw error
  if (status === 0) return
  process.stderr.write(stdout + stderr)
  process.exit(1)
}

/** Builds sohu-train if one of its sources is newer: asking Nx takes seconds, reading modification times does not. */
export function buildTrainer() {
  const bundle = path.join(ROOT, BUNDLE)
  if (existsSync(bundle) && !TRAINER.some((name) => changedSince(path.join(ROOT, name), statSync(bundle).mtimeMs)))
    return
  process.stderr.write('Building sohu-train …\n')
  quietBuild('trainer')
  utimesSync(bundle, new Date(), new Date()) // Nx does not touch a bundle that is up to date
}

/** True if a file in `folder` is newer, ignoring build outputs and installed packages. */
function changedSince(folder, time) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    if (['dist', 'node_modules', 'fixtures', 'bench'].includes(entry.name)) return false
    const file = path.join(folder, entry.name)
    return entry.isDirectory() ? changedSince(file, time) : statSync(file).mtimeMs > time
  })
}
