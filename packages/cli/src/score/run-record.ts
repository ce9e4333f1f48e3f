import { readJson, writeFileAtomic } from '@sohu-match/node'
import { MatcherError } from '@sohu-match/sdk-node'

/** Everything besides the input that the answers of a file depend on. */
export type Settings = Readonly<Record<string, string | number | null>>

/** What a score file was started with. The settings are known once the model is loaded. */
export interface RunRecord {
  /** Number of skipped input lines. */
  readonly skip: number
  readonly settings?: Settings | undefined
}

const recordPath = (path: string): string => `${path}.run.json`

/** Throws `storage`. */
export async function writeRecord(path: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(recordPath(path), `${JSON.stringify(record, null, 2)}\n`)
}

/** Undefined if there is none. Throws `data-invalid`, `storage`. */
export async function readRecord(path: string): Promise<RunRecord | undefined> {
  let record: Partial<RunRecord> | null
  try {
    record = (await readJson(recordPath(path), 'data-invalid', 'asset-missing')) as Partial<RunRecord> | null
  } catch (error) {
    if (error instanceof MatcherError && error.code === 'asset-missing') return undefined
    throw error
  }
  const { skip, settings } = record ?? {}
  if (typeof skip !== 'number' || !Number.isSafeInteger(skip) || skip < 0 || (settings && typeof settings !== 'object'))
    throw new MatcherError(
      'data-invalid',
      `${recordPath(path)} is not a record of sohu-match score; delete it and say --skip.`
    )
  return { skip, settings }
}

/**
 * Returns false if the file has no settings yet. Throws `config-invalid` naming the first that differs: answers of two
 * models in one file could not be distinguished.
 */
export async function checkSettings(path: string, settings: Settings): Promise<boolean> {
  const before = (await readRecord(path))?.settings
  if (!before) return false
  const differing = Object.keys({ ...before, ...settings }).find((key) => before[key] !== settings[key])
  if (differing !== undefined)
    throw new MatcherError(
      'config-invalid',
      `${path} was begun with ${differing} ${String(before[differing])}, and this run has ${String(settings[differing])}; repeat the flags of that run, or write to another file.`
    )
  return true
}
