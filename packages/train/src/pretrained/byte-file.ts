import { open, type FileHandle } from 'node:fs/promises'
import { readError } from '@sohu-match/node'
import { damaged } from './source'

/** Most bytes of one system read: below the 2 GiB that Linux moves at once. */
const PIECE = 1 << 30

/** A file that is read in places, so that a checkpoint larger than memory can be. */
export class ByteFile {
  private constructor(
    readonly path: string,
    readonly size: number,
    private readonly handle: FileHandle
  ) {}

  /** Opens a file. Throws `checkpoint-invalid` if there is none, or `storage`. */
  static async open(path: string): Promise<ByteFile> {
    try {
      const handle = await open(path)
      const stats = await handle.stat()
      if (stats.isFile()) return new ByteFile(path, stats.size, handle)
      await handle.close()
    } catch (cause) {
      throw readError(path, cause, 'checkpoint-invalid')
    }
    throw damaged(path, 'is not a file')
  }

  /**
   * `length` bytes from `begin`; `what` names them in errors. The bytes start an array of their own, so any dtype is aligned. Throws
   * `checkpoint-invalid`.
   */
  async read(begin: number, length: number, what: string): Promise<Uint8Array> {
    if (
      !Number.isSafeInteger(begin) ||
      !Number.isSafeInteger(length) ||
      begin < 0 ||
      length < 0 ||
      begin + length > this.size
    ) {
      throw damaged(
        this.path,
        `${what} lies at bytes ${begin} to ${begin + length}, and the file has ${this.size}; it is cut short or damaged, fetch it again`
      )
    }
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.handle
        .read(bytes, done, Math.min(PIECE, length - done), begin + done)
        .catch((cause: unknown) => {
          throw readError(this.path, cause, 'checkpoint-invalid')
        })
      if (bytesRead === 0) throw damaged(this.path, `${what} ends early: the file became shorter while it was read`)
      done += bytesRead
    }
    return bytes
  }

  /** Lets the file go. */
  async close(): Promise<void> {
    await this.handle.close()
  }
}
