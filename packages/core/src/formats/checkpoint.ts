import * as v from 'valibot'
import { MatcherError } from '../errors'
import type { ClassMetrics, Metrics, TaskMetrics, Thresholds } from '../metrics/metrics'
import { describeIssues, recordOf } from '../schema'
import type { TaskSpec } from '../tasks'

/** A padded batch and the outputs of the checkpoint's weights without dropout: ids [batch, seq], task ids [batch]. */
export interface ParityBatch {
  readonly tokenIds: readonly (readonly number[])[]
  readonly segmentIds: readonly (readonly number[])[]
  readonly taskIds: readonly number[]
  /** Logits [batch, 2], those of all heads [batch, width], or a bi-encoder's vectors [batch, hidden]. */
  readonly outputs: readonly (readonly number[])[]
}

/** Metrics of the best epoch on the valid split, at the thresholds in `thresholds.json`. */
export interface CheckpointMetrics extends Metrics {
  readonly epoch?: number
  readonly step?: number
}

const id = v.pipe(v.number(), v.integer(), v.minValue(0))
const rows = v.pipe(v.array(v.pipe(v.array(id), v.nonEmpty())), v.nonEmpty())
const outputs = v.array(v.pipe(v.array(v.number()), v.nonEmpty()))
const paritySchema = v.object({
  batches: v.pipe(
    v.array(
      v.object({
        token_ids: rows,
        segment_ids: rows,
        task_ids: v.array(id),
        logits: v.optional(outputs),
        vectors: v.optional(outputs)
      })
    ),
    v.nonEmpty()
  )
})

/** NaN (0/0) has no JSON form; it is written as null. */
const ratio = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN)
)
const threshold = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const classSchema = { pairs: id, f1: ratio, precision: ratio, recall: ratio }
const labelMetricsSchema = v.object({
  kind: v.picklist(['one-of', 'any-of']),
  pairs: id,
  score: ratio,
  baseline: ratio,
  accuracy: ratio,
  macroF1: ratio,
  microF1: ratio,
  labels: recordOf(v.object({ ...classSchema, positives: id, threshold: v.exactOptional(threshold) }))
})
const scoreMetricsSchema = v.object({
  kind: v.literal('score'),
  pairs: id,
  score: ratio,
  baseline: v.literal(0),
  spearman: ratio,
  rmse: ratio,
  baselineRmse: ratio
})
const metricsSchema = v.object({
  epoch: v.exactOptional(v.number()),
  step: v.exactOptional(v.number()),
  mean: ratio,
  groups: recordOf(v.object(classSchema)),
  tasks: recordOf(
    v.object({ ...classSchema, auc: ratio, threshold: v.exactOptional(threshold), accuracy: v.exactOptional(ratio) })
  ),
  answers: v.exactOptional(recordOf(v.variant('kind', [labelMetricsSchema, scoreMetricsSchema])))
})
const thresholdsSchema = recordOf(v.union([threshold, recordOf(threshold)]))

/**
 * Requires a threshold in [0, 1] for each match task, and for each label of an any-of task. Throws
 * `checkpoint-invalid`.
 */
export function parseThresholds(json: unknown, tasks: readonly TaskSpec[], source = 'thresholds.json'): Thresholds {
  const thresholds = checked(thresholdsSchema, json, source)
  const names = tasks.filter(({ kind }) => kind === undefined || kind === 'any-of').map((task) => task.name)
  const missing = names.find((name) => !Object.hasOwn(thresholds, name))
  const unknown = Object.keys(thresholds).find((name) => !names.includes(name))
  if (missing !== undefined)
    throw new MatcherError('checkpoint-invalid', `${source}: task "${missing}" has no threshold.`)
  if (unknown !== undefined) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${source}: "${unknown}" is not a task of this checkpoint (${names.join(', ')}).`
    )
  }
  for (const task of tasks) requireOwnThresholds(thresholds, task, source)
  return thresholds
}

/** Throws `checkpoint-invalid` where a task has a threshold for each label and should have one, or the other way round. */
function requireOwnThresholds(thresholds: Thresholds, { name, kind, labels = [] }: TaskSpec, source: string): void {
  const own = Object.hasOwn(thresholds, name) ? thresholds[name] : undefined
  const wanted = kind === 'any-of' ? [...labels].sort().join() : undefined
  if (own === undefined || (typeof own === 'object' ? Object.keys(own).sort().join() : undefined) === wanted) return
  const each = wanted === undefined ? 'a number' : `a number for each of the labels ${labels.join(', ')}`
  throw new MatcherError('checkpoint-invalid', `${source}: the threshold of "${name}" must be ${each}.`)
}

/** Requires rectangular batches. Throws `checkpoint-invalid`. */
export function parseParity(json: unknown, source = 'parity.json'): ParityBatch[] {
  return checked(paritySchema, json, source).batches.map((batch, index) => {
    const seq = batch.token_ids[0]!.length
    const count = batch.token_ids.length
    const rectangular = [batch.token_ids, batch.segment_ids].every(
      (ids) => ids.length === count && ids.every((row) => row.length === seq)
    )
    const rows = batch.vectors ?? batch.logits ?? []
    const alike = rows.length === count && rows.every((row) => row.length === rows[0]!.length)
    if (!rectangular || batch.task_ids.length !== count || !alike) {
      throw new MatcherError(
        'checkpoint-invalid',
        `${source}: batch ${index} has rows of different lengths or counts; wanted ${count} rows of ${seq} ids, each with its logits or its vector.`
      )
    }
    return { tokenIds: batch.token_ids, segmentIds: batch.segment_ids, taskIds: batch.task_ids, outputs: rows }
  })
}

/** The inverse of `parseParity`. */
export function parityToJson(
  batches: readonly ParityBatch[],
  name: 'logits' | 'vectors' = batches[0]?.outputs[0]?.length === 2 ? 'logits' : 'vectors'
): Record<string, unknown> {
  return {
    batches: batches.map(({ tokenIds, segmentIds, taskIds, outputs }) => ({
      token_ids: tokenIds,
      segment_ids: segmentIds,
      task_ids: taskIds,
      [name]: outputs
    }))
  }
}

/** A null ratio is NaN (0/0). Throws `checkpoint-invalid`. */
export function parseMetrics(json: unknown, source = 'metrics.json'): CheckpointMetrics {
  return checked(metricsSchema, json, source) satisfies {
    groups: Record<string, ClassMetrics>
    tasks: Record<string, TaskMetrics>
  }
}

function checked<const S extends v.GenericSchema>(schema: S, json: unknown, source: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, json)
  if (!parsed.success) throw new MatcherError('checkpoint-invalid', `${source}: ${describeIssues(parsed.issues)}.`)
  return parsed.output
}
