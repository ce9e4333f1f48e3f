import { closeSync, openSync, readSync, statSync } from 'node:fs'
import {
  decodeTensor,
  MatcherError,
  parseSafetensorsHeader,
  safetensorsDataStart,
  type Tensor,
  type TensorEntry
} from '@sohu-match/core'
import { readError } from './system-errors'

/** In bytes: Linux reads less than 2 GiB per call. */
const LARGEST_READ = 2 ** 30

/** Reads a file by position, since a checkpoint may be larger than memory. Synchronous: one disk, one reader. */
export class ByteFile {
  private constructor(
    readonly path: string,
    /** In bytes. */
    readonly size: number,
    private readonly descriptor: number
  ) {}

  /** Never opens a pipe or a device, which could block forever. Throws `checkpoint-invalid` or `storage`. */
  static open(path: string): ByteFile {
    try {
      const stats = statSync(path)
      if (stats.isFile()) return new ByteFile(path, stats.size, openSync(path, 'r'))
    } catch (cause) {
      throw readError(path, cause, 'checkpoint-invalid')
    }
    throw invalid(path, 'is not a file')
  }

  /**
   * Reads `length` bytes at `begin` into their own array, so that every dtype is aligned; `what` names them in errors.
   * Throws `checkpoint-invalid` if the file is too short.
   */
  read(begin: number, length: number, what: string): Uint8Array {
    if (![begin, length].every((value) => Number.isSafeInteger(value) && value >= 0) || begin + length > this.size) {
      throw invalid(
        this.path,
        `${what} lies at bytes ${begin} to ${begin + length}, and the file has ${this.size}; it is truncated or damaged, fetch it again`
      )
    }
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length;) {
      const count = this.readInto(bytes, done, begin + done)
      if (count === 0) throw invalid(this.path, `${what} ends early: the file became shorter while it was read`)
      done += count
    }
    return bytes
  }

  close(): void {
    closeSync(this.descriptor)
  }

  private readInto(bytes: Uint8Array, offset: number, position: number): number {
    try {
      return readSync(this.descriptor, bytes, offset, Math.min(LARGEST_READ, bytes.length - offset), position)
    } catch (cause) {
      throw readError(this.path, cause, 'checkpoint-invalid')
    }
  }
}

/** The header is in memory; tensors are read on demand. */
export interface TensorFile {
  readonly path: string
  /** In the order of the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>
  /** Widened or rounded to float32. Throws `checkpoint-invalid` for an unknown name. */
  read(name: string): Tensor
  close(): void
}

/** Any dtypes; checks the header. Throws `checkpoint-invalid` or `storage`. */
export function openTensorFile(path: string): TensorFile {
  const file = ByteFile.open(path)
  try {
    const prefix = file.read(0, Math.min(8, file.size), 'the header')
    const header = file.read(0, safetensorsDataStart(prefix, file.size, path), 'the header')
    const entries = new Map(parseSafetensorsHeader(header, file.size, path).tensors.map((entry) => [entry.name, entry]))
    const read = (name: string): Tensor => {
      const entry = entries.get(name)
      if (!entry) throw invalid(path, `has no tensor "${name}"`)
      return decodeTensor(entry, file.read(entry.begin, entry.end - entry.begin, `tensor "${name}"`))
    }
    return { path, entries, read, close: () => file.close() }
  } catch (error) {
    file.close()
    throw error
  }
}

/** The file must have exactly the tensors in `shapes`. Throws `checkpoint-invalid` naming the first that differs. */
export function openTensorFileOf(path: string, shapes: ReadonlyMap<string, readonly number[]>): TensorFile {
  const file = openTensorFile(path)
  try {
    for (const [name, shape] of shapes) requireShape(file, name, shape)
    const unknown = [...file.entries.keys()].find((name) => !shapes.has(name))
    if (unknown !== undefined) throw invalid(path, `tensor "${unknown}" is not part of this network`)
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

function requireShape({ path, entries }: TensorFile, name: string, wanted: readonly number[]): void {
  const found = entries.get(name)?.shape
  if (!found) throw invalid(path, `there is no tensor "${name}", which the network of config.json needs`)
  if (found.join() === wanted.join()) return
  throw invalid(path, `tensor "${name}" has the shape [${found.join(', ')}]; config.json wants [${wanted.join(', ')}]`)
}

function invalid(path: string, found: string): MatcherError {
  return new MatcherError('checkpoint-invalid', `${path}: ${found}.`)
}
