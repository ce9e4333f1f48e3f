import type { Contrast, TextPairBatch } from '../autograd/text-pass'
import type { InputBatch } from '../autograd/pass'
import { labelTerms, type BatchCounts } from './batch'
import type { EncodedPairs } from './encode'

/** The distinct (text, task) combinations of pairs, and which of them each pair compares. */
export interface DistinctTexts {
  /** Tokens of each text, from the shortest to the longest. */
  readonly tokens: readonly Int32Array[]
  /** `[texts]`. */
  readonly taskIds: Int32Array
  /** Key of each text in the data, or -1, `[texts]`. */
  readonly keys: Int32Array
  /** A place where each text occurs, as `2 * pair + side`, `[texts]`. */
  readonly places: Int32Array
  /** Indices of the first and of the second texts, `[pairs]`. */
  readonly a: Int32Array
  readonly b: Int32Array
}

/** Of the pairs at `indices`, and of further places (`2 * pair + side`). Any pair of a text may provide its key. */
export function distinctTexts(
  pairs: EncodedPairs,
  indices: Int32Array,
  further: readonly number[] = []
): DistinctTexts {
  const found = new Map<string, { tokens: Int32Array; task: number; key: number; place: number; row: number }>()
  const textAt = (place: number) => {
    const pair = place >> 1
    const [start, end] = [pairs.offsets[pair]!, pairs.offsets[pair + 1]!]
    const middle = start + pairs.firstLengths[pair]!
    const task = pairs.taskIds[pair]!
    const tokens = place % 2 === 0 ? pairs.tokenIds.subarray(start, middle) : pairs.tokenIds.subarray(middle, end)
    const name = `${task}:${tokens.join()}`
    const known = found.get(name)
    const key = pairs.keys?.[place] ?? -1
    if (known) {
      if (known.key === -1) known.key = key
      return known
    }
    const text = { tokens, task, key, place, row: 0 }
    found.set(name, text)
    return text
  }
  const sides = Array.from(indices, (pair) => [textAt(2 * pair), textAt(2 * pair + 1)])
  for (const place of further) textAt(place)
  const texts = [...found.values()].sort((one, other) => one.tokens.length - other.tokens.length)
  texts.forEach((text, row) => (text.row = row))
  return {
    tokens: texts.map(({ tokens }) => tokens),
    taskIds: Int32Array.from(texts, ({ task }) => task),
    keys: Int32Array.from(texts, ({ key }) => key),
    places: Int32Array.from(texts, ({ place }) => place),
    a: Int32Array.from(sides, ([first]) => first!.row),
    b: Int32Array.from(sides, ([, second]) => second!.row)
  }
}

/** Texts `from` to `to` as one matrix, right-padded with id 0. */
export function padTexts({ tokens, taskIds }: DistinctTexts, from: number, to: number): InputBatch {
  const batch = to - from
  const seq = tokens[to - 1]!.length
  const tokenIds = new Int32Array(batch * seq)
  for (let row = 0; row < batch; row++) tokenIds.set(tokens[from + row]!, row * seq)
  return { batch, seq, tokenIds, segmentIds: new Int32Array(batch * seq), taskIds: taskIds.slice(from, to) }
}

export interface TextTrainingBatch extends TextPairBatch, BatchCounts {
  /** Sample weights with and without a label, `[pairs]`. */
  readonly pairWeights: Float32Array
}

export interface TextBatchOptions {
  /** Weight of each pair in the loss. */
  readonly weight: number
  /** Factor of that weight by task id. */
  readonly taskFactors: readonly number[]
  readonly contrastiveWeight: number
  readonly contrastiveScale: number
  /** Factor of the losses of labels and keys: 0 while only a teacher is followed. Default: 1. */
  readonly labelShare?: number
  /** Places of further texts that join the batch as negatives. */
  readonly negatives?: readonly number[]
}

/** Longest over shortest text of a group: more groups have less padding, fewer keep the products large. */
const GROUP_SPREAD = 1.6
/** Groups per batch; the last has the remaining texts. */
const GROUPS = 4

export function textBatch(pairs: EncodedPairs, indices: Int32Array, options: TextBatchOptions): TextTrainingBatch {
  const texts = distinctTexts(pairs, indices, options.negatives)
  const groups = cutByLength(texts).map(([from, to]) => padTexts(texts, from, to))
  const { labelShare = 1 } = options
  const weights = Float32Array.from(indices, (pair) => options.weight * options.taskFactors[pairs.taskIds[pair]!]!)
  const share = labelShare * options.contrastiveWeight * weights.reduce((sum, weight) => sum + weight, 0)
  const contrast = share > 0 ? contrastOf(texts, share, options.contrastiveScale) : undefined
  return {
    groups,
    a: texts.a,
    b: texts.b,
    taskIds: Int32Array.from(indices, (pair) => pairs.taskIds[pair]!),
    pairWeights: weights,
    ...labelTerms(
      Int32Array.from(indices, (pair) => pairs.labels[pair]!),
      weights,
      labelShare
    ),
    ...(contrast && { contrast }),
    pairs: indices.length,
    tokenCount: texts.tokens.reduce((sum, { length }) => sum + length, 0),
    positions: groups.reduce((sum, { batch, seq }) => sum + batch * seq, 0)
  }
}

function cutByLength({ tokens }: DistinctTexts): [from: number, to: number][] {
  const groups: [number, number][] = []
  let from = 0
  tokens.forEach(({ length }, i) => {
    if (groups.length < GROUPS - 1 && length > GROUP_SPREAD * tokens[from]!.length) {
      groups.push([from, i])
      from = i
    }
  })
  return [...groups, [from, tokens.length]]
}

/** Added to the score of a text that is not a candidate: its exp is zero in float32. */
const NO_CANDIDATE = -1e9

/**
 * Texts of one task with the same key are positives, with different keys negatives; texts without a key are neither.
 * `share` is spread evenly over the texts that have a positive. Undefined if none has.
 */
export function contrastOf({ keys, taskIds }: DistinctTexts, share: number, scale: number): Contrast | undefined {
  const texts = keys.length
  const comparable = (i: number, j: number): boolean =>
    i !== j && keys[i]! >= 0 && keys[j]! >= 0 && taskIds[i] === taskIds[j]
  const rows = Array.from({ length: texts }, (_, i) => {
    const candidates = Array.from({ length: texts }, (_, j) => comparable(i, j))
    return { candidates, positives: candidates.map((candidate, j) => candidate && keys[i] === keys[j]) }
  })
  const anchors = rows.filter(({ positives }) => positives.includes(true)).length
  if (anchors === 0) return undefined
  const targets = new Float32Array(texts * texts)
  const bias = new Float32Array(texts * texts)
  rows.forEach(({ candidates, positives }, i) => {
    const count = positives.filter(Boolean).length
    for (let j = 0; j < texts; j++) {
      if (!candidates[j]) bias[i * texts + j] = NO_CANDIDATE
      if (positives[j]) targets[i * texts + j] = share / (anchors * count)
    }
  })
  return { targets, bias, scale }
}
