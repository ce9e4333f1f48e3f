import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { ORIGIN_FILE, originText, replaceFolder, sha256File, type Origin } from '@sohu-match/node'
import { fetchFrom, sourceName, type Reach } from './sources'
import { readNamedWeights, type NamedWeights } from './table'

export interface NamedOptions extends Reach {
  /** Folder of large downloads. */
  readonly cache: string
  readonly table?: ReadonlyMap<string, NamedWeights>
  /** Called before a source is tried. */
  readonly onFetch?: (name: string, source: string, bytes: number) => void
}

/** From SOHU_MATCH_CACHE (or XDG_CACHE_HOME), and HF_ENDPOINT, which Hugging Face's own tools read. */
export function namedOptions(env: NodeJS.ProcessEnv): NamedOptions {
  return {
    cache: env.SOHU_MATCH_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sohu-match'),
    hub: env.HF_ENDPOINT ?? 'https://huggingface.co',
    mvn: 'mvn'
  }
}

/**
 * The folder of named weights in the cache, created if needed: files with the table's SHA-256, config.json, NOTICE and
 * `origin.json`. Sources are tried in turn. Throws `config-invalid` for an unknown name, `network` if no source could
 * be reached, `asset-corrupt` if one provided other files, or `storage`.
 */
export async function fetchNamedWeights(name: string, options: NamedOptions): Promise<string> {
  const weights = await namedWeights(name, options)
  const folder = join(options.cache, 'weights', name)
  const wrong = await firstWrong(folder, weights)
  if (wrong === undefined && existsSync(join(folder, ORIGIN_FILE))) return folder
  if (wrong === undefined) await writeTerms(folder, name, weights)
  else await replaceFolder(folder, (temporary) => fetchFromAny(name, weights, folder, temporary, options))
  return folder
}

/** The folder of named weights if it is whole and in the cache; nothing is fetched. Throws `config-invalid` for an unknown name. */
export async function keptNamedWeights(name: string, options: NamedOptions): Promise<string | undefined> {
  const weights = await namedWeights(name, options)
  const folder = join(options.cache, 'weights', name)
  return existsSync(join(folder, ORIGIN_FILE)) && (await firstWrong(folder, weights)) === undefined ? folder : undefined
}

async function namedWeights(name: string, options: Pick<NamedOptions, 'table'>): Promise<NamedWeights> {
  const table = options.table ?? (await readNamedWeights())
  const weights = table.get(name)
  if (weights) return weights
  throw new MatcherError(
    'config-invalid',
    `"${name}" is neither a folder nor the name of public weights; the names are ${[...table.keys()].join(', ')}.`
  )
}

async function fetchFromAny(
  name: string,
  weights: NamedWeights,
  folder: string,
  temporary: string,
  options: NamedOptions
): Promise<void> {
  const failures: string[] = []
  for (const source of weights.sources) {
    const from = sourceName(source, options)
    options.onFetch?.(
      name,
      from,
      Object.values(weights.files).reduce((sum, { bytes }) => sum + bytes, 0)
    )
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary, { recursive: true })
    const failure = await fetchFrom(source, weights.files, temporary, options).then(
      () => firstWrong(temporary, weights),
      (cause: unknown) => reasonOf(cause)
    )
    if (failure === undefined) return writeTerms(temporary, name, weights)
    failures.push(`${from} (${failure})`)
  }
  const wanted = Object.entries(weights.files).map(([file, { sha256 }]) => `${file} (SHA-256 ${sha256})`)
  throw new MatcherError(
    'network',
    `${name} could not be fetched from ${failures.join(', nor from ')}: put ${wanted.join(' and ')} into ${folder}, or give --init a folder that holds weights.`
  )
}

/** Describes the first file that does not match the table; undefined if all do. */
async function firstWrong(folder: string, { files }: NamedWeights): Promise<string | undefined> {
  for (const [file, { bytes, sha256 }] of Object.entries(files)) {
    const path = join(folder, file)
    if (!existsSync(path)) return `${file} is missing`
    const { size } = await stat(path)
    if (size !== bytes) return `${file} has ${size} bytes, and ${bytes} are wanted`
    if ((await sha256File(path)) !== sha256) return `${file} has another SHA-256 than ${sha256}`
  }
  return undefined
}

/** Adds license and configuration; `origin.json`, which marks the folder as complete, comes last. */
async function writeTerms(folder: string, name: string, weights: NamedWeights): Promise<void> {
  const { author, homepage, licence, licenceText, citation, description, config } = weights
  const origin: Origin = { name, description, author, homepage, licence, citation, licenceText: licenceText.join('\n') }
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  await writeFile(join(folder, `${ORIGIN_FILE}.tmp`), originText(origin))
  await rename(join(folder, `${ORIGIN_FILE}.tmp`), join(folder, ORIGIN_FILE))
}

/** Why a source failed, in one line; a missing command and a failed fetch hide it in code and cause. */
function reasonOf(error: unknown): string {
  const { code, message, cause, path } = error as Error & {
    code?: unknown
    path?: string
    cause?: { message?: string; code?: string }
  }
  if (code === 'ENOENT' && path !== undefined) return `there is no ${path} command`
  const detail = cause?.code ?? cause?.message
  const text = detail ? `${message}: ${detail}` : message
  return text
    .split('\n')
    .find((line) => line.trim() !== '')!
    .slice(0, 200)
}
