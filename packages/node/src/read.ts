import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MatcherError, type MatcherErrorCode } from '@sohu-match/core'
import { readError } from './system-errors'

/**
 * Resolves a path that a user typed against the working directory; in an Nx target, which runs elsewhere, against the
 * folder where the command was typed (npm's `INIT_CWD`, also for scripts that run an installed command in a folder of
 * their own).
 */
export function userPath(path: string, env: NodeJS.ProcessEnv = process.env): string {
  const typedIn = env['NX_TASK_TARGET_PROJECT'] === undefined ? undefined : env.INIT_CWD
  return resolve(typedIn ?? process.cwd(), path)
}

/** Without opening the file: a pipe or a device would block a reader forever. Throws `missingCode` or `storage`. */
export async function fileSize(path: string, missingCode: MatcherErrorCode = 'asset-missing'): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw readError(path, cause, missingCode)
  })
  if (found.isDirectory()) throw new MatcherError(missingCode, `${path} is a folder; a file is expected.`)
  if (!found.isFile()) throw new MatcherError(missingCode, `${path} is not a file; copy the file itself there.`)
  return found.size
}

/** Only of a regular file. Throws `missingCode` or `storage`. */
export async function readBytes(path: string, missingCode: MatcherErrorCode = 'asset-missing'): Promise<Uint8Array> {
  await fileSize(path, missingCode)
  try {
    return await readFile(path)
  } catch (cause) {
    throw readError(path, cause, missingCode)
  }
}

/** As UTF-8. Throws `missingCode` or `storage`. */
export async function readText(path: string, missingCode: MatcherErrorCode = 'asset-missing'): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, missingCode))
}

/**
 * Throws `invalidCode` with file, line and column if it is not JSON, `missingCode` or `storage` if it is unreadable.
 */
export async function readJson(
  path: string,
  invalidCode: MatcherErrorCode,
  missingCode: MatcherErrorCode = 'asset-missing'
): Promise<unknown> {
  const text = await readText(path, missingCode)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MatcherError(
      invalidCode,
      `${path}${place(text, (cause as Error).message)} is not JSON (${(cause as Error).message}).`,
      { cause }
    )
  }
}

/** Lower-case hex; `onBytes` receives the total so far, and may throw to stop. Throws `asset-missing` or `storage`. */
export async function sha256File(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256')
  let bytes = 0
  const chunks = createReadStream(path, { highWaterMark: 1 << 20 })[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks.next().catch((cause: unknown) => {
      throw readError(path, cause, 'asset-missing')
    })
    if (next.done) return hash.digest('hex')
    const chunk = next.value as Uint8Array
    hash.update(chunk)
    onBytes?.((bytes += chunk.length))
  }
}

/** Lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** `:line:column` from the position in V8's message; the end of the text if it has none. */
function place(text: string, message: string): string {
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length)
  const before = text.slice(0, position).split('\n')
  return `:${before.length}:${before.at(-1)!.length + 1}`
}
