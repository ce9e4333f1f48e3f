import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { MatcherError } from '@sohu-match/core'
import { readJson } from './read'

/** A kind of folder that a command writes, and may replace. */
export interface FolderKind {
  /** As in "is not a model folder". */
  readonly name: string
  /** The paths of its files; undefined if the folder is not of this kind. */
  readonly filesOf: (folder: string) => Promise<readonly string[] | undefined>
}

export interface OutputOptions {
  readonly kind: FolderKind
  /** Replaces a folder of this kind; anything else is always refused. */
  readonly force: boolean
  /** The user's folder, which is never replaced. Default: the process's. */
  readonly current?: string | undefined
}

/**
 * Resolves `--out`; a link stays and its target is written. An empty folder may be filled. Throws `output-exists` for
 * anything that is not entirely of the kind: a user's files would be lost.
 */
export async function outputFolder(
  out: string,
  { kind, force, current = process.cwd() }: OutputOptions
): Promise<string> {
  if (!existsSync(out)) {
    if (!isLink(out)) return out
    throw refusal(out, 'is a link to a folder that does not exist', 'remove the link')
  }
  if (!force) throw refusal(out, 'already exists', 'add --force to replace it')
  const folder = realpathSync(out)
  if (!statSync(folder).isDirectory()) throw refusal(out, 'is a file', 'remove it')
  if (contains(folder, realpathSync(current)))
    throw refusal(out, 'is the current folder or holds it', 'run this from elsewhere')
  const present = filesUnder(folder)
  if (present.length === 0) return folder
  const own = await kind.filesOf(folder)
  if (!own) throw refusal(out, `is not a ${kind.name}, which is all that --force replaces`, 'remove it yourself')
  const foreign = present.filter((file) => !own.includes(file))
  if (foreign.length === 0) return folder
  const shown = `${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ` and ${foreign.length - 3} more` : ''}`
  throw refusal(out, `holds files that are not part of its ${kind.name}: ${shown}`, 'move them away')
}

/** The files in `manifest.json`, or those of a one-task export, whose `config.json` names its task. */
export const MODEL_FOLDER: FolderKind = {
  name: 'model folder',
  async filesOf(folder) {
    const manifest = await objectIn(join(folder, 'manifest.json'))
    if (isRecord(manifest?.files) && isRecord(manifest.graphs)) return ['manifest.json', ...Object.keys(manifest.files)]
    const config = await objectIn(join(folder, 'config.json'))
    if (!isRecord(config?.sohu_match)) return undefined
    return filesUnder(folder).filter((file) => /^(config\.json|README\.md|onnx\/model\w*\.onnx(_data)?)$/.test(file))
  }
}

const CHECKPOINT_FILES =
  'NOTICE config.json dictionary.bin ema.safetensors mlm.safetensors metrics.json model.safetensors optimizer.safetensors origin.json ' +
  'parity.json pretrain.json state.json thresholds.json vocab.txt'

/** Recognized by `conditioning` in `config.json`, which public checkpoints lack. */
export const CHECKPOINT_FOLDER: FolderKind = {
  name: 'checkpoint',
  async filesOf(folder) {
    const config = await objectIn(join(folder, 'config.json'))
    return config && 'conditioning' in config ? CHECKPOINT_FILES.split(' ') : undefined
  }
}

async function objectIn(path: string): Promise<Record<string, unknown> | undefined> {
  if (!existsSync(path)) return undefined
  // a folder with an unreadable JSON file is not of this kind, which the caller reports
  const value = await readJson(path, 'manifest-invalid').catch(() => undefined)
  return isRecord(value) ? value : undefined
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

function contains(folder: string, other: string): boolean {
  const path = relative(folder, other)
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(path))
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refusal(out: string, found: string, remedy: string): MatcherError {
  return new MatcherError('output-exists', `${out} ${found}; name another --out, or ${remedy}.`)
}
