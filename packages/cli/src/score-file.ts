import { createReadStream } from 'node:fs'
import { open, truncate, type FileHandle } from 'node:fs/promises'
import { MatcherError } from '@sohu-match/sdk-node'

/** The file that `score --out` writes: how many lines it holds already, and how to add to it. */
export interface ScoreFile {
  readonly done: number
  write(text: string): Promise<void>
  /** Flushes to the disk and closes. */
  close(): Promise<void>
}

/**
 * Opens the output file. With `resume`, whole lines that are there stay and a part of a line at the end goes; without it the file must
 * be new. Throws `output-exists`, `storage`.
 */
export async function openScoreFile(path: string, resume: boolean): Promise<ScoreFile> {
  const file = await open(path, resume ? 'a' : 'ax').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST'
      ? new MatcherError(
          'output-exists',
          `${path} is already there; say --resume to go on with it, or name another file.`,
          { cause }
        )
      : storageError(path, cause)
  })
  const goesOn = resume && (await file.stat()).isFile() // a pipe or a device has nothing to go on with
  const { lines, bytes } = goesOn ? await wholeLines(path) : { lines: 0, bytes: 0 }
  if (goesOn) await truncate(path, bytes)
  return {
    done: lines,
    write: (text) => guarded(path, () => file.appendFile(text)),
    close: () => guarded(path, () => finish(file))
  }
}

async function finish(file: FileHandle): Promise<void> {
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function wholeLines(path: string): Promise<{ lines: number; bytes: number }> {
  let lines = 0
  let bytes = 0
  let read = 0
  for await (const chunk of createReadStream(path)) {
    const data = chunk as Buffer
    for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, at + 1)) {
      lines++
      bytes = read + at + 1
    }
    read += data.length
  }
  return { lines, bytes }
}

async function guarded(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw storageError(path, cause as NodeJS.ErrnoException)
  }
}

function storageError(path: string, cause: NodeJS.ErrnoException): MatcherError {
  const advice =
    cause.code === 'ENOSPC'
      ? 'The disk is full: free some space, then go on with --resume.'
      : 'Check the path and its permissions.'
  return new MatcherError('storage', `Could not write ${path} (${cause.code ?? cause.message}). ${advice}`, { cause })
}
