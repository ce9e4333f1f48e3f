import * as v from 'valibot'
import { DTYPES, type Dtype } from '../dtype'
import { MAX_SEQUENCE } from '../engine/engine'
import { MatcherError } from '../errors'
import type { ModelConfig } from '../model/config'
import { headWidth, MATCH_WIDTH, type Columns } from '../model/heads'
import { describeIssues, recordOf } from '../schema'
import { taskEntries, taskProblem } from './task-schema'
import type { TaskSpec } from '../tasks'

/**
 * The newest format that this version reads. Older versions must refuse format 2, for bi-encoders, and format 3, for tasks
 * with labels or a score.
 */
export const MANIFEST_FORMAT = 3

/** Texts match if the score is above `threshold`; `f1` on valid is null if measured at another threshold or 0/0. */
export interface ManifestTask extends TaskSpec {
  readonly threshold?: number | undefined
  readonly f1?: number | null | undefined
  /** Of a task of which any label may hold: it does where its probability is above this. */
  readonly thresholds?: Readonly<Record<string, number>> | undefined
  /** Own score of a task with labels or a score on the valid split: macro F1, micro F1 or Spearman's correlation. */
  readonly score?: number | null | undefined
  /** Columns of the graph's logits that answer the task. Default: both of two. */
  readonly columns?: Columns | undefined
  /** For a bi-encoder, whose score is sigmoid(scale · cosine + offset). */
  readonly scale?: number | undefined
  readonly offset?: number | undefined
}

/** A graph: its file, external weight files, and its differences from fp32 as measured by export. */
export interface ManifestGraph {
  readonly file: string
  readonly externalData?: readonly string[] | undefined
  readonly opset: number
  /** Largest change of a logit; for a bi-encoder, of a cosine. */
  readonly maxLogitDifference?: number | undefined
  readonly maxCosineDifference?: number | undefined
  readonly f1?: Readonly<Record<string, number | null>> | undefined
  /** Own scores of the tasks with labels or a score. */
  readonly scores?: Readonly<Record<string, number | null>> | undefined
}

/** Size in bytes and SHA-256 (lower-case hex) of a file as it is transferred. */
export interface ManifestFile {
  readonly bytes: number
  readonly sha256: string
}

/** Content of a model folder. SDKs load only listed files. Paths are relative to the folder. */
export interface Manifest {
  readonly format: 1 | 2 | 3
  readonly name: string
  /**
   * Graphs of a `cross-encoder` (default) read a pair and return `logits`, a `bi-encoder`'s read one text, for
   * `vectors`.
   */
  readonly architecture?: ModelConfig['architecture'] | undefined
  /** Width of a bi-encoder's vectors. */
  readonly hidden?: number | undefined
  /** Columns of the logits. Default 2. */
  readonly outputs?: number | undefined
  readonly tasks: readonly ManifestTask[]
  /** Tokens to which training truncated sequences. */
  readonly maxLength: number
  /** Maximum tokens of the graphs if positions are learned: the rows of their table. */
  readonly maxPositions?: number | undefined
  readonly tokenizer: {
    readonly vocab: string
    /** Jieba's dictionary; absent for BERT's tokenizer. */
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
  maxCosineDifference: v.optional(v.number()),
  f1: v.optional(recordOf(v.nullable(v.number()))),
  scores: v.optional(recordOf(v.nullable(v.number())))
})
const manifestSchema = v.object({
  format: v.picklist([1, 2, 3]),
  name: v.string(),
  architecture: v.optional(v.picklist(['cross-encoder', 'bi-encoder'])),
  hidden: v.optional(v.pipe(count, v.minValue(1))),
  outputs: v.optional(count),
  tasks: v.pipe(
    v.array(
      v.object({
        ...taskEntries,
        threshold: v.optional(share),
        f1: v.nullish(v.number()),
        thresholds: v.optional(recordOf(share)),
        score: v.nullish(v.number()),
        columns: v.optional(v.tuple([count, count])),
        scale: v.optional(v.number()),
        offset: v.optional(v.number())
      })
    ),
    v.nonEmpty()
  ),
  maxLength: v.pipe(count, v.minValue(4), v.maxValue(MAX_SEQUENCE)),
  maxPositions: v.optional(v.pipe(count, v.minValue(4))),
  tokenizer: v.object({ vocab: path, dictionary: v.optional(path), lowercase: v.literal(true) }),
  graphs: v.record(v.picklist(DTYPES), graph),
  files: v.record(
    path,
    v.object({ bytes: count, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 hex digits')) })
  )
})

/** Throws `manifest-invalid`: the key and its expected value, or that the format is newer than this version. */
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
  const problem = taskProblem(tasks) ?? answerProblem(manifest)
  if (problem) throw invalid(problem)
  if (Object.keys(graphs).length === 0) throw invalid('"graphs" is empty; a model has at least one graph')
  const vectors = manifest.architecture === 'bi-encoder'
  if (
    vectors &&
    (manifest.hidden === undefined || tasks.some((task) => task.scale === undefined || task.offset === undefined))
  ) {
    throw invalid('a bi-encoder must have "hidden", and each of its tasks "scale" and "offset"')
  }
  if (vectors && manifest.format === 1) throw invalid('format 1 is of cross-encoders; a bi-encoder has format 2')
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

/** What is wrong with thresholds and columns, as the end of a sentence; undefined where nothing is. */
function answerProblem({ format, tasks, outputs = MATCH_WIDTH }: Manifest): string | undefined {
  const bad = tasks.find((task) => {
    const { kind, labels, threshold, thresholds = {}, columns = [0, MATCH_WIDTH] } = task
    const missing = kind
      ? kind === 'any-of' && labels!.some((label) => !Object.hasOwn(thresholds, label))
      : threshold === undefined
    return missing || columns[1] > outputs || columns[1] - columns[0] !== headWidth(task)
  })
  if (bad) return `the task "${bad.name}" lacks a threshold, or has other columns than its labels ask for`
  return format < 3 && tasks.some(({ kind }) => kind)
    ? `a task with labels or a score has format 3, not ${format}`
    : undefined
}

/** True if a path is relative, uses forward slashes, and cannot leave its folder or name a drive or a scheme. */
function isInside(path: string): boolean {
  return /^[^/\\:\0]+(\/[^/\\:\0]+)*$/.test(path) && path.split('/').every((part) => part !== '..' && part !== '.')
}
