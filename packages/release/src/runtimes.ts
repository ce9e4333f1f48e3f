import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../runtimes')

/**
 * Paths of the versions of Node to test fresh projects with: those of runtimes/package-lock.json, installed if missing, and the running one.
 * npm has them for Linux on x64 only; elsewhere only the running one is used, with a message.
 */
export function nodes(): string[] {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(
      `Fresh projects are tried with Node ${process.versions.node} only: npm has no other Node for ${process.platform} on ${process.arch}.`
    )
    return [process.execPath]
  }
  const paths = ['node-20', 'node-24'].map((name) => join(FOLDER, 'node_modules', name, 'bin/node'))
  if (!paths.every((path) => existsSync(path))) {
    execFileSync('npm', ['ci', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: FOLDER,
      stdio: 'inherit'
    })
  }
  return [...paths, process.execPath]
}
