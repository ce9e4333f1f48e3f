import * as v from 'valibot'
import { DTYPES, type Dtype } from '../dtype'
import { MAX_SEQUENCE } from '../engine/engine'
import { MatcherError } from '../errors'
import { describeIssues } from '../schema'
import type { TaskSpec } from '../tasks'

/** The manifest format that this version reads and writes. */
export const MANIFEST_FORMAT = 1

/** A task of a model: texts match where the score is above `threshold`; `f1` is what the valid split gave (null for 0/0). */
export interface ManifestTask extends TaskSpec {
  readonly threshold: number
  readonly f1?: number | null | undefined
}

/** One graph of a model: its file, files with weights beside it, and what its export measured against fp32. */
export interface ManifestGraph {
  readonly file: string
  readonly externalData?: readonly string[] | undefined
  readonly opset: number
  readonly maxLogitDifference?: number | undefined
  readonly f1?: Readonly<Record<string, number | null>> | undefined
}

/** Size in bytes and SHA-256 (lower-case hex) of a file as it travels. */
export interface ManifestFile {
  readonly bytes: number
  readonly sha256: string
}

/** `manifest.json`: what a model folder holds. SDKs load nothing that it does not list. Paths are relative to the folder. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT
  readonly name: string
  readonly tasks: readonly ManifestTask[]
  /** Tokens that a pair was cut to in training. */
  readonly maxLength: number
  readonly tokenizer: {
    readonly vocab: string
    /** Jieba's dictionary; absent where texts are cut as BERT cuts them. */
    readonly dictionary?: string | undefined
    readonly lowercase: boolean
  }
  readonly graphs: Readonly<Partial<Record<Dtype, ManifestGraph>>>
  readonly files: Readonly<Record<string, ManifestFile>>
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const path = v.pipe(v.string(), v.check(isInside, 'a relative path inside the folder'))
const graph = v.object({
  file: path,
  externalData: v.optional(v.array(path)),
  opset: count,
  maxLogitDifference: v.optional(v.number()),
  f1: v.optional(v.record(v.string(), v.nullable(v.number())))
})
const manifestSchema = v.object({
  format: v.literal(MANIFEST_FORMAT),
  name: v.string(),
  tasks: v.pipe(
    v.array(
      v.object({
        name: v.pipe(v.string(), v.nonEmpty()),
        id: count,
        group: v.string(),
        threshold: share,
        f1: v.nullish(v.number())
      })
    ),
    v.nonEmpty()
  ),
  maxLength: v.pipe(count, v.minValue(4), v.maxValue(MAX_SEQUENCE)),
  tokenizer: v.object({ vocab: path, dictionary: v.optional(path), lowercase: v.literal(true) }),
  graphs: v.record(v.picklist(DTYPES), graph),
  files: v.record(
    path,
    v.object({ bytes: count, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 hex digits')) })
  )
})

/** Reads a `manifest.json` value. Throws `manifest-invalid`: the key and what it should be, or that the format is newer than this version. */
export function parseManifest(json: unknown, source = 'manifest.json'): Manifest {
  const invalid = (found: string): MatcherError => new MatcherError('manifest-invalid', `${source}: ${found}.`)
  const format = (json as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format > MANIFEST_FORMAT) {
    throw invalid(
      `format ${format} is newer than the format ${MANIFEST_FORMAT} that this version reads; update the SDK`
    )
  }
  const parsed = v.safeParse(manifestSchema, json)
  if (!parsed.success) throw invalid(describeIssues(parsed.issues))
  const manifest = parsed.output
  const { tasks, graphs, tokenizer, files } = manifest
  if (tasks.some((task, index) => task.id !== index) || new Set(tasks.map((task) => task.name)).size !== tasks.length) {
    throw invalid(`tasks must have distinct names and the ids 0 to ${tasks.length - 1} in order`)
  }
  if (Object.keys(graphs).length === 0) throw invalid('"graphs" is empty; a model has at least one graph')
  const used = [
    tokenizer.vocab,
    ...(tokenizer.dictionary === undefined ? [] : [tokenizer.dictionary]),
    ...Object.values(graphs).flatMap((one) => [one.file, ...(one.externalData ?? [])])
  ]
  const unlisted = used.find((file) => !Object.hasOwn(files, file))
  if (unlisted !== undefined)
    throw invalid(`"files" does not list ${unlisted}, so it cannot be verified; export the model again`)
  return manifest
}

/** Whether a path is relative, uses forward slashes, and cannot leave its folder or name a drive or a scheme. */
function isInside(path: string): boolean {
  return /^[^/\\:\0]+(\/[^/\\:\0]+)*$/.test(path) && path.split('/').every((part) => part !== '..' && part !== '.')
}
