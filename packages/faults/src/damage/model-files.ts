import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MatcherErrorCode } from '@sohu-match/core'
import type { Random } from '@sohu-match/training/random'
import { MODEL } from '../paths'

/** What a path has instead of a file: on a disk as named; a web server answers with 404, an HTML page, endless bytes, a redirect to itself. */
export type Special = 'folder' | 'pipe' | 'zeros' | 'loop'

/** Files of a model folder by path; paths that leave the folder are next to it. */
export type ModelFiles = Map<string, Buffer | Special>

/** The parsed JSON of the manifest, which may be changed. */
export interface LooseManifest {
  [key: string]: unknown
  tasks: { [key: string]: unknown }[]
  tokenizer: { [key: string]: unknown; vocab: string; dictionary: string }
  graphs: { [dtype: string]: { [key: string]: unknown; file: string } }
  files: { [path: string]: { bytes: unknown; sha256: unknown } }
}

/** The model that a damage changes. */
export interface Patient {
  readonly files: ModelFiles
  readonly manifest: LooseManifest
  readonly random: Random
}

/** A way of damaging a model folder. */
export interface Damage {
  readonly name: string
  /** Codes that describe the damage correctly; the first is the usual one. */
  readonly codes: readonly MatcherErrorCode[]
  /** Changes the files, or the manifest (which is written afterwards unless the damage writes it), and returns what it did. */
  readonly apply: (patient: Patient) => string
}

/** The requested graph. */
export const GRAPH = 'onnx/model_int8.onnx'

/** Files that a matcher with this graph reads. */
export const USED = ['vocab.txt', 'dictionary.bin', GRAPH] as const

const SOURCE: ReadonlyMap<string, Buffer> = new Map(
  ['manifest.json', 'onnx/model_q8.onnx', ...USED].map((path) => [path, readFileSync(join(MODEL, path))])
)

/** An intact model to damage: its files are shared with others, so they are replaced and never modified. */
export function patientOf(random: Random): Patient {
  const files: ModelFiles = new Map(SOURCE)
  return { files, manifest: JSON.parse(String(SOURCE.get('manifest.json'))) as LooseManifest, random }
}

/** The bytes at a path. */
export function bytesAt(files: ModelFiles, path: string): Buffer {
  const content = files.get(path)
  if (!Buffer.isBuffer(content)) throw new Error(`${path} has no bytes`)
  return content
}

/** Lists a file in the manifest with the hash of its bytes, so that the hash does not show the damage. */
export function list({ files, manifest }: Patient, path: string): void {
  const bytes = bytesAt(files, path)
  // defined, not assigned: assigning "__proto__" would change the object's prototype instead of adding the key
  Object.defineProperty(manifest.files, path, {
    value: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
    enumerable: true,
    configurable: true,
    writable: true
  })
}

/** Damages a model; returns its files and what was done to them. */
export function damaged(damage: Damage, random: Random): { files: ModelFiles; what: string } {
  const patient = patientOf(random)
  const before = patient.files.get('manifest.json')
  const what = `${damage.name}: ${damage.apply(patient)}`
  if (patient.files.get('manifest.json') === before)
    patient.files.set('manifest.json', Buffer.from(JSON.stringify(patient.manifest)))
  return { files: patient.files, what }
}

/** Writes the files to a folder on the disk. */
export function writeFiles(folder: string, files: ModelFiles): void {
  for (const [path, content] of files) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    if (Buffer.isBuffer(content)) writeFileSync(target, content)
    else if (content === 'folder') mkdirSync(target)
    else if (content === 'pipe') execFileSync('mkfifo', [target])
    else symlinkSync(content === 'zeros' ? '/dev/zero' : target, target)
  }
}
