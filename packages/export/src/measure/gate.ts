import { evaluateRows, MatcherError, type Dtype, type Metrics, type ScoredRow, type TaskSpec } from '@sohu-match/core'
import { readDataset, tokenizerOf, type GivenColumns, type Weights } from '@sohu-match/node'
import type { ExportJob } from '../job'
import { batches, encodeExamples, stratified, type EncodedExample } from '../pairs'
import type { GraphRunner } from '../session'
import { encodeTextPairs, rowProduct, runTexts, type TextPairs } from '../vector-pairs'

export interface GateOptions {
  /** Its valid split is read. */
  readonly data: string
  /** Replace guesses about a file. */
  readonly columns?: GivenColumns | undefined
  /** Maximum loss of a dtype's mean F1 against fp32. */
  readonly largestDrop: number
  /** Maximum pairs, stratified by task and label. */
  readonly pairs: number
}

/** Result of one dtype on the gate's pairs. */
export interface GateResult {
  readonly metrics: Metrics
  /** Pairs whose label differs from fp32's, by task name. */
  readonly flips: Readonly<Record<string, number>>
  /** Largest and mean absolute difference from fp32, of a logit or a bi-encoder's cosine. */
  readonly largestDifference: number
  readonly meanDifference: number
}

/** Labeled pairs, encoded for the graphs of one checkpoint. */
export interface GatePairs {
  readonly labels: readonly { readonly task: number; readonly label: 0 | 1 }[]
  run(graph: GraphRunner): Promise<PairOutputs>
}

export interface PairOutputs {
  /** [pairs, 2] */
  readonly logits: Float32Array
  /** Values that are compared with fp32: logits, or a bi-encoder's cosines [pairs]. */
  readonly compared: Float32Array
}

/** Reads the valid split. Throws `data-invalid` if it is missing or has other tasks. */
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

function pairGate(pairs: readonly EncodedExample[]): GatePairs {
  return {
    labels: pairs.map(({ taskId, label }) => ({ task: taskId, label })),
    async run(graph) {
      const logits = await gateLogits(graph, pairs)
      return { logits, compared: logits }
    }
  }
}

/** Logits are computed from cosines, as in the SDKs. */
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

/** F1 at the model's thresholds, and changes against fp32. */
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

/** Throws `gate-failed` for a dtype whose mean F1 is more than `largestDrop` below fp32's. */
export function requireQuality(dtype: Dtype, result: GateResult, reference: GateResult, largestDrop: number): void {
  const [mean, wanted] = [result.metrics.mean, reference.metrics.mean]
  const bothUndefined = Number.isNaN(mean) && Number.isNaN(wanted) // 0/0: no positive pair, found or real
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
