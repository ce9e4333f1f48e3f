import { join } from 'node:path'
import {
  createTokenizer,
  evaluateRows,
  MatcherError,
  type Dtype,
  type Batch,
  type Metrics,
  type ScoredRow,
  type TaskSpec
} from '@sohu-match/core'
import { readDataset } from '@sohu-match/node'
import type { Assets, Checkpoint } from '../checkpoint'
import { batches, encodeExamples, stratified, type EncodedExample } from '../pairs'
import type { GraphRunner } from '../session'

/** What the gate measures on. */
export interface GateOptions {
  /** The data folder; its valid split is read. */
  readonly data: string
  /** How far the mean F1 of a dtype may lie below that of fp32. */
  readonly largestDrop: number
  /** At most so many pairs, stratified by task and label. */
  readonly pairs: number
}

/** What one dtype did on the gate's pairs. */
export interface GateResult {
  readonly metrics: Metrics
  /** Pairs whose label is not that of fp32, by task name. */
  readonly flips: Readonly<Record<string, number>>
  /** Largest and mean absolute difference of a logit from fp32. */
  readonly largestDifference: number
  readonly meanDifference: number
}

/** Reads and encodes the valid pairs of the tasks. Throws `data-invalid` where the split is missing or its tasks are other ones. */
export async function readGatePairs(
  { data, pairs }: GateOptions,
  { config }: Checkpoint,
  assets: Assets,
  tasks: readonly TaskSpec[]
): Promise<EncodedExample[]> {
  const dataset = await readDataset(data, ['valid'])
  const names = (list: readonly TaskSpec[]) => list.map((task) => task.name).join(', ')
  if (names(dataset.tasks) !== names(config.tasks)) {
    throw new MatcherError(
      'data-invalid',
      `${join(data)} has the tasks ${names(dataset.tasks)}; the checkpoint has ${names(config.tasks)}. Name the data that it was trained on.`
    )
  }
  const examples = stratified(dataset.splits.valid, tasks, pairs)
  if (examples.length === 0)
    throw new MatcherError(
      'data-invalid',
      `${data} has no labelled valid pairs of ${names(tasks)}; name other data, or say --no-gate.`
    )
  return encodeExamples(examples, createTokenizer(assets.vocab, assets.dictionary), config.maxLength)
}

/** Logits [pairs, 2] of the gate's pairs. */
export async function gateLogits(graph: GraphRunner, pairs: readonly EncodedExample[]): Promise<Float32Array> {
  const logits = new Float32Array(2 * pairs.length)
  let row = 0
  for (const batch of batches(pairs) as Iterable<Batch>) {
    logits.set(await graph.run(batch), 2 * row)
    row += batch.batch
  }
  return logits
}

/** F1 with the model's thresholds, and what changed against the logits of fp32. */
export function judge(
  logits: Float32Array,
  reference: Float32Array,
  pairs: readonly EncodedExample[],
  thresholds: Readonly<Record<string, number>>,
  tasks: readonly TaskSpec[]
): GateResult {
  const rows = scoredRows(logits, pairs, thresholds, tasks)
  const expected = scoredRows(reference, pairs, thresholds, tasks)
  const differences = logits.map((value, i) => Math.abs(value - reference[i]!))
  const flips = (task: TaskSpec) =>
    rows.filter((row, i) => row.task === task.id && row.predicted !== expected[i]!.predicted).length
  return {
    metrics: evaluateRows(rows, tasks),
    flips: Object.fromEntries(tasks.map((task) => [task.name, flips(task)])),
    largestDifference: differences.reduce((most, value) => Math.max(most, value), 0),
    meanDifference: differences.reduce((sum, value) => sum + value, 0) / differences.length
  }
}

/** Refuses a dtype whose mean F1 lies more than `largestDrop` below that of fp32. Throws `gate-failed`. */
export function requireQuality(dtype: Dtype, result: GateResult, reference: GateResult, largestDrop: number): void {
  const [mean, wanted] = [result.metrics.mean, reference.metrics.mean]
  const bothUndefined = Number.isNaN(mean) && Number.isNaN(wanted) // 0/0: no positive pair, found or there
  if (bothUndefined || wanted - mean <= largestDrop) return
  throw new MatcherError(
    'gate-failed',
    `The mean F1 of ${dtype} is ${mean.toFixed(4)}, ${(wanted - mean).toFixed(4)} below ${wanted.toFixed(4)} in fp32; --gate allows ${largestDrop}. ` +
      `Leave ${dtype} out of --dtype, or allow more with --gate.`
  )
}

function scoredRows(
  logits: Float32Array,
  pairs: readonly EncodedExample[],
  thresholds: Readonly<Record<string, number>>,
  tasks: readonly TaskSpec[]
): ScoredRow[] {
  const names = new Map(tasks.map((task) => [task.id, task.name]))
  return pairs.map(({ task, label }, i) => {
    const score = 1 / (1 + Math.exp(logits[2 * i]! - logits[2 * i + 1]!))
    return { task, label, score, predicted: score > thresholds[names.get(task)!]! ? 1 : 0 }
  })
}
