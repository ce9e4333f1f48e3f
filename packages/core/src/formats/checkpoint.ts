import * as v from 'valibot'
import { MatcherError } from '../errors'
import type { ClassMetrics, Metrics, TaskMetrics } from '../metrics'
import { describeIssues } from '../schema'
import type { TaskSpec } from '../tasks'

/** One padded batch and the logits that the checkpoint's weights gave, dropout off: [batch, seq], [batch], [batch, 2]. */
export interface ParityBatch {
  readonly tokenIds: readonly (readonly number[])[]
  readonly segmentIds: readonly (readonly number[])[]
  readonly taskIds: readonly number[]
  readonly logits: readonly (readonly number[])[]
}

/** `metrics.json`: what an evaluation found, and where in training (epoch and step, where known). */
export interface CheckpointMetrics extends Metrics {
  readonly epoch?: number
  readonly step?: number
}

const id = v.pipe(v.number(), v.integer(), v.minValue(0))
const rows = v.pipe(v.array(v.pipe(v.array(id), v.nonEmpty())), v.nonEmpty())
const paritySchema = v.object({
  batches: v.pipe(
    v.array(
      v.object({
        token_ids: rows,
        segment_ids: rows,
        task_ids: v.array(id),
        logits: v.array(v.strictTuple([v.number(), v.number()]))
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
const classSchema = { pairs: id, f1: ratio, precision: ratio, recall: ratio }
const metricsSchema = v.object({
  epoch: v.exactOptional(v.number()),
  step: v.exactOptional(v.number()),
  mean: ratio,
  groups: v.record(v.string(), v.object(classSchema)),
  tasks: v.record(v.string(), v.object({ ...classSchema, auc: ratio }))
})
const thresholdsSchema = v.record(v.string(), v.pipe(v.number(), v.minValue(0), v.maxValue(1)))

/** Reads a `thresholds.json` value: one threshold in [0, 1] for each of `tasks`. Throws `checkpoint-invalid`. */
export function parseThresholds(
  json: unknown,
  tasks: readonly TaskSpec[],
  source = 'thresholds.json'
): Record<string, number> {
  const thresholds = checked(thresholdsSchema, json, source)
  const names = tasks.map((task) => task.name)
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
  return thresholds
}

/** Reads a `parity.json` value; every batch must be rectangular. Throws `checkpoint-invalid`. */
export function parseParity(json: unknown, source = 'parity.json'): ParityBatch[] {
  return checked(paritySchema, json, source).batches.map((batch, index) => {
    const seq = batch.token_ids[0]!.length
    const count = batch.token_ids.length
    const rectangular = [batch.token_ids, batch.segment_ids].every(
      (ids) => ids.length === count && ids.every((row) => row.length === seq)
    )
    if (!rectangular || batch.task_ids.length !== count || batch.logits.length !== count) {
      throw new MatcherError(
        'checkpoint-invalid',
        `${source}: batch ${index} has rows of different lengths or counts; wanted ${count} rows of ${seq} ids.`
      )
    }
    return { tokenIds: batch.token_ids, segmentIds: batch.segment_ids, taskIds: batch.task_ids, logits: batch.logits }
  })
}

/** The `parity.json` value of batches; `parseParity` reads it back. */
export function parityToJson(batches: readonly ParityBatch[]): Record<string, unknown> {
  return {
    batches: batches.map(({ tokenIds, segmentIds, taskIds, logits }) => ({
      token_ids: tokenIds,
      segment_ids: segmentIds,
      task_ids: taskIds,
      logits
    }))
  }
}

/** Reads a `metrics.json` value; a null ratio is NaN (0/0). Throws `checkpoint-invalid`. */
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
