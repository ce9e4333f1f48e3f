import { createReadStream } from 'node:fs'
import { open, truncate, type FileHandle } from 'node:fs/promises'
import { acquireLock, rawLinesOf, storageError, type RawLine } from '@sohu-match/node'
import { MatcherError } from '@sohu-match/sdk-node'
import { readId } from './read-pair'
import { checkSettings, readRecord, writeRecord, type Settings } from './run-record'
import type { Answered } from './unscored-lines'

export interface OpenOptions {
  /** Resumes an existing file. */
  readonly resume: boolean
  /** Number of input lines to skip; undefined without the flag. */
  readonly skip: number | undefined
}

/** The output of `score --out`. */
export interface ScoreFile {
  /** Number of input lines to skip: that of the run that started the file. */
  readonly skip: number
  /** Answers of an earlier run. */
  readonly answered: Answered
  /** Records the settings, or compares them with those of the earlier run. Throws `config-invalid`. */
  bind(settings: Settings): Promise<void>
  write(text: string): Promise<void>
  /** Flushes and closes. */
  close(): Promise<void>
}

/**
 * Opens the output file. `resume` keeps its whole lines, truncates a partial one, and uses the earlier run's `--skip`,
 * recorded in `FILE.run.json`. `FILE.lock` excludes other processes. Throws `output-exists`, `config-invalid`,
 * `storage`.
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
    const isRegular = (await file.stat()).isFile() // pipes and devices cannot be resumed
    if (isRegular) release = await acquireLock(`${path}.lock`, path)
    const { size } = await file.stat() // now that there is no other writer
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

/** Whole lines in a file of `size` bytes, and the offset after the last one. */
async function wholeLines(path: string, size: number): Promise<Answered & { bytes: number }> {
  let bytes = 0
  let last: RawLine | undefined
  for await (const line of rawLinesOf(createReadStream(path))) {
    if (!line.bytes || bytes + line.bytes.length === size) break // torn: without a line feed
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
