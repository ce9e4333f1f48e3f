import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ManifestFile } from '@sohu-match/core'
import { storageError } from '@sohu-match/node'

/** Writes files into one folder and remembers size and SHA-256 of each, by its path inside the folder. */
export class FolderWriter {
  readonly files: Record<string, ManifestFile> = {}

  constructor(readonly folder: string) {}

  /** Writes a file piece by piece, so that no more than one is in memory. Throws `storage`; a MatcherError of the pieces passes. */
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

  /** Takes files back. */
  remove(...names: readonly string[]): void {
    for (const name of names) {
      rmSync(join(this.folder, name))
      delete this.files[name]
    }
  }

  /** Writes a text file as UTF-8. */
  text(name: string, text: string): void {
    this.write(name, [Buffer.from(text)])
  }

  /** Writes a JSON value, readable by people. */
  json(name: string, value: unknown): void {
    this.text(name, `${JSON.stringify(value, null, 2)}\n`)
  }
}

/** A full disk writes a part and then fails, so the count must be looked at. */
function writeWhole(file: number, piece: Uint8Array): void {
  for (let done = 0; done < piece.length;) done += writeSync(file, piece, done)
}
