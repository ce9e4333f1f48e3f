import {
  answerValues,
  evaluateAnswers,
  evaluateRows,
  headLayout,
  heldLabels,
  labelThresholdsOf,
  MatcherError,
  matchScore,
  thresholdOf,
  type AnswerRow,
  type Dtype,
  type Metrics,
  type ModelConfig,
  type ScoredRow,
  type TaskSpec,
  type Thresholds
} from '@sohu-match/core'
import { readDataset, tokenizerOf, type GivenColumns, type Weights } from '@sohu-match/node'
import type { ExportJob } from '../job'
import { batches, encodeExamples, stratified, type EncodedExample, type Labels } from '../pairs'
import type { GraphRunner } from '../session'
import { encodeTextPairs, rowProduct, runTexts, type TextPairs } from '../vector-pairs'

export interface GateOptions {
  /** Its valid split is read. */
  readonly data: string
  /** Replace guesses about a file. */
  readonly columns?: GivenColumns | undefined
  /** Maximum loss of a dtype against fp32: of mean F1, and of the own score of each task with labels or a score. */
  readonly largestDrop: number
  /** Maximum pairs, stratified by task and label. */
  readonly pairs: number
}

/** Result of one dtype on the gate's pairs. */
export interface GateResult {
  readonly metrics: Metrics
  /** Pairs whose label or labels differ from fp32's, by task name. */
  readonly flips: Readonly<Record<string, number>>
  /** Largest and mean absolute difference from fp32, of a logit or a bi-encoder's cosine. */
  readonly largestDifference: number
  readonly meanDifference: number
}

/** Labeled pairs, encoded for the graphs of one checkpoint. */
export interface GatePairs {
  readonly labels: readonly ({ readonly task: number } & Labels)[]
  run(graph: GraphRunner): Promise<PairOutputs>
}

export interface PairOutputs {
  /** [pairs, width] */
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
  const facts = (list: readonly TaskSpec[]) =>
    JSON.stringify(list.map(({ name, kind, labels, range }) => [name, kind, labels, range]))
  if (facts(dataset.tasks) !== facts(config.tasks)) {
    throw new MatcherError(
      'data-invalid',
      names(dataset.tasks) === names(config.tasks)
        ? `${data} has other kinds of tasks, or other labels, than the checkpoint. Name the data that it was trained on.`
        : `${data} has the tasks ${names(dataset.tasks)}; the checkpoint has ${names(config.tasks)}. Name the data that it was trained on.`
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
    : pairGate(encodeExamples(examples, tokenizer, config.maxLength), headLayout(config.tasks, config.heads).width)
}

function pairGate(pairs: readonly EncodedExample[], width: number): GatePairs {
  return {
    labels: pairs.map(({ taskId, labels }) => ({ task: taskId, ...labels })),
    async run(graph) {
      const logits = await gateLogits(graph, pairs, width)
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

async function gateLogits(graph: GraphRunner, pairs: readonly EncodedExample[], width: number): Promise<Float32Array> {
  const logits = new Float32Array(width * pairs.length)
  let row = 0
  for (const batch of batches(pairs)) {
    logits.set(await graph.run(batch), width * row)
    row += batch.batch
  }
  return logits
}

/** What the gate's answers are judged by: `tasks` are those that the graphs answer. */
interface Judges {
  readonly config: ModelConfig
  readonly thresholds: Thresholds
  readonly tasks: readonly TaskSpec[]
}

/** F1 and own scores at the model's thresholds, and changes against fp32. */
export function judge(
  outputs: PairOutputs,
  reference: PairOutputs,
  labels: GatePairs['labels'],
  judges: Judges
): GateResult {
  const { tasks } = judges
  const found = judgedRows(outputs.logits, labels, judges)
  const expected = judgedRows(reference.logits, labels, judges)
  const differences = outputs.compared.map((value, i) => Math.abs(value - reference.compared[i]!))
  const flips = (task: TaskSpec) =>
    found.given.filter((given, i) => labels[i]!.task === task.id && given !== expected.given[i]).length
  return {
    metrics: {
      ...evaluateRows(found.rows, tasks),
      ...(found.answers.length > 0 && { answers: evaluateAnswers(found.answers, tasks, judges.thresholds) })
    },
    flips: Object.fromEntries(tasks.map((task) => [task.name, flips(task)])),
    largestDifference: differences.reduce((most, value) => Math.max(most, value), 0),
    meanDifference: differences.reduce((sum, value) => sum + value, 0) / differences.length
  }
}

/** `given` is the label, or labels, of each pair as a text; empty for a score. */
function judgedRows(logits: Float32Array, labels: GatePairs['labels'], { config, thresholds }: Judges) {
  const { width, ofTask } = headLayout(config.tasks, config.heads)
  const rows: ScoredRow[] = []
  const answers: AnswerRow[] = []
  const given = labels.map(({ task, label, target }, i): string => {
    const spec = config.tasks[task]!
    const [from, to] = ofTask[task]!
    const own = [...logits.subarray(i * width + from, i * width + to)]
    if (!target) {
      const score = matchScore([own[0]!, own[1]!])
      const predicted = score > thresholdOf(thresholds, spec.name) ? 1 : 0
      rows.push({ task, label: label!, score, predicted })
      return String(predicted)
    }
    const values = answerValues(spec, own)
    answers.push({ task, target, values })
    return spec.labels ? heldLabels(spec, values, labelThresholdsOf(thresholds, spec)).join() : ''
  })
  return { rows, answers, given }
}

/** Throws `gate-failed` for a dtype whose mean F1, or own score of a task, is more than `largestDrop` below fp32's. */
export function requireQuality(dtype: Dtype, result: GateResult, reference: GateResult, largestDrop: number): void {
  const figures: [name: string, found: number, wanted: number][] = [
    ['mean F1', result.metrics.mean, reference.metrics.mean],
    ...Object.entries(reference.metrics.answers ?? {}).map(
      ([name, { score }]) =>
        [`score of "${name}"`, result.metrics.answers![name]!.score, score] as [string, number, number]
    )
  ]
  for (const [name, found, wanted] of figures) {
    const bothUndefined = Number.isNaN(found) && Number.isNaN(wanted) // 0/0: nothing positive, found or there
    if (bothUndefined || wanted - found <= largestDrop) continue
    throw new MatcherError(
      'gate-failed',
      `The ${name} of ${dtype} is ${found.toFixed(4)}, ${(wanted - found).toFixed(4)} below ${wanted.toFixed(4)} in fp32; --gate allows ${largestDrop}. ` +
        `Leave ${dtype} out of --dtype, or allow more with --gate.`
    )
  }
}
