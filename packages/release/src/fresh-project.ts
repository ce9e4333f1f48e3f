import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Packs the package in `folder` as npm would publish it, and gives the tarball's path in `destination`. */
export function pack(folder: string, destination: string): string {
  mkdirSync(destination, { recursive: true })
  return join(
    destination,
    execFileSync('npm', ['pack', '--silent', '--pack-destination', destination], {
      cwd: folder,
      encoding: 'utf8'
    }).trim()
  )
}

/** Makes `folder` a new project of ES modules with these packages (tarballs, or names with a version) installed by npm, as a user would have it. */
export function makeProject(folder: string, packages: readonly string[], ...flags: string[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }')
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', ...flags, ...packages], {
    cwd: folder
  })
}
