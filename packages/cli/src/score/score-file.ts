import { createReadStream } from 'node:fs'
import { open, truncate, type FileHandle } from 'node:fs/promises'
import { acquireLock, rawLinesOf, storageError, type RawLine } from '@sohu-match/node'
import { MatcherError } from '@sohu-match/sdk-node'
import { readId } from './read-pair'
import { checkSettings, readRecord, writeRecord, type Settings } from './run-record'
import type { Answered } from './unscored-lines'

/** How `openScoreFile` opens a file. */
export interface OpenOptions {
  /** Whether to resume a file that is there. */
  readonly resume: boolean
  /** Input lines to leave out; undefined where the flag was not given. */
  readonly skip: number | undefined
}

/** The file that `score --out` writes. */
export interface ScoreFile {
  /** Input lines to leave out: those of the run that began the file. */
  readonly skip: number
  /** The answers that it has already. */
  readonly answered: Answered
  /** Compares the settings with those that the file was begun with, or keeps them. Throws `config-invalid`. */
  bind(settings: Settings): Promise<void>
  write(text: string): Promise<void>
  /** Flushes to the disk and closes. */
  close(): Promise<void>
}

/**
 * Opens the output file. With `resume` the whole lines that are there stay, a part of a line at the end goes, and `--skip` is that of the run
 * that began the file: beside it lies `FILE.run.json`, written before the first answer. `FILE.lock` keeps a second process out. Throws `output-exists`, `config-invalid`, `storage`.
 */
export async function openScoreFile(path: string, options: OpenOptions): Promise<ScoreFile> {
  const file = await open(path, options.resume ? 'a' : 'ax').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST'
      ? new MatcherError('output-exists', `${path} already exists; resume it with --resume, or name another file.`, {
          cause
        })
      : storageError('write', path, cause)
  })
  let release = (): Promise<void> => Promise.resolve()
  try {
    const isRegular = (await file.stat()).isFile() // a pipe or a device has nothing to resume
    if (isRegular) release = await acquireLock(`${path}.lock`, path)
    const { size } = await file.stat() // now that nobody else writes
    const { skip, answered } = isRegular
      ? await (options.resume ? resumed(path, size, options.skip) : begun(path, options.skip ?? 0))
      : { skip: options.skip ?? 0, answered: NOTHING }
    return {
      skip,
      answered,
      bind: async (settings) => {
        if (isRegular && !(await checkSettings(path, settings))) await writeRecord(path, { skip, settings })
      },
      write: (text) => guarded(path, () => file.appendFile(text)),
      close: () => guarded(path, () => finish(file)).finally(release)
    }
  } catch (error) {
    await file.close().finally(release)
    throw error
  }
}

const NOTHING: Answered = { answers: 0, lastId: undefined }

/** Where a run starts. */
interface Start {
  readonly skip: number
  readonly answered: Answered
}

async function begun(path: string, skip: number): Promise<Start> {
  await writeRecord(path, { skip })
  return { skip, answered: NOTHING }
}

async function resumed(path: string, size: number, skip: number | undefined): Promise<Start> {
  const { bytes, ...answered } = await wholeLines(path, size)
  const record = await readRecord(path)
  if (record && skip !== undefined && skip !== record.skip)
    throw new MatcherError(
      'config-invalid',
      `${path} was begun with --skip ${record.skip}, not ${skip}; leave out --skip.`
    )
  if (!record && skip === undefined && answered.answers > 0)
    throw new MatcherError(
      'output-exists',
      `${path} has answers, but there is no ${path}.run.json that says at which line they begin; if at the first, say --skip 0.`
    )
  await truncate(path, bytes)
  return record ? { skip: record.skip, answered } : { ...(await begun(path, skip ?? 0)), answered }
}

/** Counts the whole lines of a file of `size` bytes, and the bytes up to the end of the last one. */
async function wholeLines(path: string, size: number): Promise<Answered & { bytes: number }> {
  let bytes = 0
  let last: RawLine | undefined
  for await (const line of rawLinesOf(createReadStream(path))) {
    if (!line.bytes || bytes + line.bytes.length === size) break // torn: it has no line feed
    bytes += line.bytes.length + 1
    last = line
  }
  return { answers: last?.number ?? 0, lastId: last && readId(last), bytes }
}

async function finish(file: FileHandle): Promise<void> {
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function guarded(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw storageError('write', path, cause)
  }
}
