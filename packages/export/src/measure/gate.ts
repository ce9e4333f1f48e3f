import { evaluateRows, MatcherError, type Dtype, type Metrics, type ScoredRow, type TaskSpec } from '@sohu-match/core'
import { readDataset, tokenizerOf, type GivenColumns, type Weights } from '@sohu-match/node'
import type { ExportJob } from '../job'
import { batches, encodeExamples, stratified, type EncodedExample } from '../pairs'
import type { GraphRunner } from '../session'
import { encodeTextPairs, rowProduct, runTexts, type TextPairs } from '../vector-pairs'

/** What the gate measures on. */
export interface GateOptions {
  /** The data folder; its valid split is read. */
  readonly data: string
  /** Columns of a file that would otherwise be guessed. */
  readonly columns?: GivenColumns | undefined
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
  /** Largest and mean absolute difference from fp32 of a logit, or of a bi-encoder's cosine. */
  readonly largestDifference: number
  readonly meanDifference: number
}

/** Labelled pairs, ready to run on the graphs of one checkpoint. */
export interface GatePairs {
  readonly labels: readonly { readonly task: number; readonly label: 0 | 1 }[]
  run(graph: GraphRunner): Promise<PairOutputs>
}

/** What one graph gives for the gate's pairs. */
export interface PairOutputs {
  /** [pairs, 2] */
  readonly logits: Float32Array
  /** What is compared with fp32: the logits, or a bi-encoder's cosines [pairs]. */
  readonly compared: Float32Array
}

/** Reads and encodes the valid pairs of the tasks. Throws `data-invalid` where the split is missing or its tasks are other ones. */
export async function readGatePairs(
  { data, columns, pairs }: GateOptions,
  { checkpoint: { config, assets, weights }, target: { tasks } }: ExportJob
): Promise<GatePairs> {
  const dataset = await readDataset(data, ['valid'], { columns })
  const names = (list: readonly TaskSpec[]) => list.map((task) => task.name).join(', ')
  if (names(dataset.tasks) !== names(config.tasks)) {
    throw new MatcherError(
      'data-invalid',
      `${data} has the tasks ${names(dataset.tasks)}; the checkpoint has ${names(config.tasks)}. Name the data that it was trained on.`
    )
  }
  const examples = stratified(dataset.splits.valid, tasks, pairs)
  if (examples.length === 0)
    throw new MatcherError(
      'data-invalid',
      `${data} has no labelled valid pairs of ${names(tasks)}; name other data, or say --no-gate.`
    )
  const tokenizer = tokenizerOf(assets)
  return config.architecture === 'bi-encoder'
    ? textGate(encodeTextPairs(examples, tokenizer, config.maxLength), weights)
    : pairGate(encodeExamples(examples, tokenizer, config.maxLength))
}

/** The gate of a cross-encoder. */
function pairGate(pairs: readonly EncodedExample[]): GatePairs {
  return {
    labels: pairs.map(({ taskId, label }) => ({ task: taskId, label })),
    async run(graph) {
      const logits = await gateLogits(graph, pairs)
      return { logits, compared: logits }
    }
  }
}

/** The gate of a bi-encoder: logits from the cosines of its vectors, as the SDKs compute them. */
function textGate({ texts, pairs }: TextPairs, weights: Weights): GatePairs {
  const [scale, offset] = [weights.read('score.scale'), weights.read('score.offset')]
  return {
    labels: pairs,
    async run(graph) {
      const vectors = await runTexts(graph, texts)
      const width = vectors.length / texts.length
      const compared = Float32Array.from(pairs, ({ a, b }) => rowProduct(vectors, a, vectors, b, width))
      const logits = Float32Array.from(pairs.flatMap(({ task }, i) => [0, scale[task]! * compared[i]! + offset[task]!]))
      return { logits, compared }
    }
  }
}

async function gateLogits(graph: GraphRunner, pairs: readonly EncodedExample[]): Promise<Float32Array> {
  const logits = new Float32Array(2 * pairs.length)
  let row = 0
  for (const batch of batches(pairs)) {
    logits.set(await graph.run(batch), 2 * row)
    row += batch.batch
  }
  return logits
}

/** F1 with the model's thresholds, and what changed against fp32. */
export function judge(
  outputs: PairOutputs,
  reference: PairOutputs,
  labels: GatePairs['labels'],
  thresholds: Readonly<Record<string, number>>,
  tasks: readonly TaskSpec[]
): GateResult {
  const rows = scoredRows(outputs.logits, labels, thresholds, tasks)
  const expected = scoredRows(reference.logits, labels, thresholds, tasks)
  const differences = outputs.compared.map((value, i) => Math.abs(value - reference.compared[i]!))
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
  labels: GatePairs['labels'],
  thresholds: Readonly<Record<string, number>>,
  tasks: readonly TaskSpec[]
): ScoredRow[] {
  const names = new Map(tasks.map((task) => [task.id, task.name]))
  return labels.map(({ task, label }, i) => {
    const score = 1 / (1 + Math.exp(logits[2 * i]! - logits[2 * i + 1]!))
    return { task, label, score, predicted: score > thresholds[names.get(task)!]! ? 1 : 0 }
  })
}
