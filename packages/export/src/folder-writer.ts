import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ManifestFile } from '@sohu-match/core'
import { storageError } from '@sohu-match/node'

/** Writes files into one folder and records size and SHA-256 by path. */
export class FolderWriter {
  readonly files: Record<string, ManifestFile> = {}

  constructor(readonly folder: string) {}

  /** Writes a file piece by piece, so that only one is in memory. Throws `storage`, and MatcherErrors of the pieces. */
  write(name: string, pieces: Iterable<Uint8Array>): void {
    const path = join(this.folder, name)
    const hash = createHash('sha256')
    let bytes = 0
    try {
      mkdirSync(dirname(path), { recursive: true })
      const file = openSync(path, 'w')
      try {
        for (const piece of pieces) {
          hash.update(piece)
          bytes += piece.length
          writeWhole(file, piece)
        }
      } finally {
        closeSync(file)
      }
    } catch (cause) {
      throw storageError('write', path, cause)
    }
    this.files[name] = { bytes, sha256: hash.digest('hex') }
  }

  /** Removes files, and their folder if that leaves it empty. */
  remove(...names: readonly string[]): void {
    for (const name of names) {
      const path = join(this.folder, name)
      rmSync(path)
      delete this.files[name]
      if (readdirSync(dirname(path)).length === 0) rmdirSync(dirname(path))
    }
  }

  /** As UTF-8. */
  text(name: string, text: string): void {
    this.write(name, [Buffer.from(text)])
  }

  /** Indented. */
  json(name: string, value: unknown): void {
    this.text(name, `${JSON.stringify(value, null, 2)}\n`)
  }
}

/** A full disk may write a part before it fails, so the count is checked. */
function writeWhole(file: number, piece: Uint8Array): void {
  for (let done = 0; done < piece.length;) done += writeSync(file, piece, done)
}
