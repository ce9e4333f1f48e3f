import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Packs the package in `folder` as npm would publish it; returns the tarball's path in `destination`. */
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

/** Copies the package model-zh to `folder` with the model of its short recipe: the long one takes ten minutes and writes the same files. */
export function shortModelPackage(folder: string): string {
  const source = join(import.meta.dirname, '../../model-zh')
  const leftOut = ['node_modules', 'dist', 'model', 'model-short'].map((name) => join(source, name))
  cpSync(source, folder, { recursive: true, filter: (path) => !leftOut.includes(path) })
  cpSync(join(source, 'model-short'), join(folder, 'model'), { recursive: true })
  return folder
}

/** Makes `folder` a new project of ES modules with these packages (tarballs, or names with a version) installed by npm, as a user would have it. */
export function makeProject(folder: string, packages: readonly string[], ...flags: string[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }')
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', ...flags, ...packages], {
    cwd: folder
  })
}
