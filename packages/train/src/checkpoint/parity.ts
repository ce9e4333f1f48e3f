import type { ModelConfig, ParityBatch } from '@sohu-match/core'
import { predict, type InputBatch, type Model } from '../autograd/pass'
import { gatherBatch } from '../data/batch'
import { distinctTexts, padTexts } from '../data/text-batch'
import { pairLengths, type EncodedPairs } from '../data/encode'

/**
 * Inputs whose outputs a checkpoint records for comparison with other runtimes: a padded batch with a row of each task,
 * and a row of full length. A bi-encoder's rows are first texts.
 */
export function parityInputs(pairs: EncodedPairs, { maxLength, tasks, architecture }: ModelConfig): InputBatch[] {
  const taskCount = tasks.length
  if (architecture === 'bi-encoder') return textInputs(pairs, maxLength, taskCount)
  const lengths = pairLengths(pairs)
  const rows = Array.from({ length: taskCount }, (_, task) => {
    const found = pairs.taskIds.indexOf(task)
    return found < 0 ? task % pairs.taskIds.length : found
  })
  const mixed = gatherBatch(pairs, Int32Array.from(rows))
  const longest = lengths.indexOf(lengths.reduce((most, length) => Math.max(most, length), 0))
  return [{ ...mixed, taskIds: Int32Array.from(rows.keys()) }, fullRow(pairs, longest, maxLength)]
}

function textInputs(pairs: EncodedPairs, maxLength: number, taskCount: number): InputBatch[] {
  const count = pairs.labels.length
  const texts = distinctTexts(
    pairs,
    Int32Array.from({ length: count }, (_, i) => i)
  )
  const rows = Array.from({ length: taskCount }, (_, task) => texts.tokens[texts.a[pairs.taskIds.indexOf(task)] ?? 0]!)
  const mixed = { ...texts, tokens: rows.sort((a, b) => a.length - b.length), taskIds: Int32Array.from(rows.keys()) }
  const longest = texts.tokens.at(-1)!
  const full = Int32Array.from({ length: maxLength }, (_, i) => longest[i % longest.length]!)
  return [padTexts(mixed, 0, taskCount), padTexts({ ...texts, tokens: [full] }, 0, 1)]
}

/** A row of exactly `maxLength` tokens: a pair, its words repeated if it is shorter. */
function fullRow(pairs: EncodedPairs, index: number, maxLength: number): InputBatch {
  const ids = pairs.tokenIds.subarray(pairs.offsets[index], pairs.offsets[index + 1])
  const first = Math.min(pairs.firstLengths[index]!, maxLength - 1)
  const tokenIds = Int32Array.from({ length: maxLength }, (_, i) => ids[i % ids.length]!)
  return {
    batch: 1,
    seq: maxLength,
    tokenIds,
    segmentIds: Int32Array.from({ length: maxLength }, (_, i) => (i < first ? 0 : 1)),
    taskIds: Int32Array.of(pairs.taskIds[index]!)
  }
}

/** With the network's logits, or vectors, without dropout. */
export function parityBatches(model: Model, inputs: readonly InputBatch[]): ParityBatch[] {
  return inputs.map((input) => {
    const outputs = predict(model, input)
    const values = outputs.dataSync()
    outputs.dispose()
    return {
      tokenIds: table(input.tokenIds, input.batch),
      segmentIds: table(input.segmentIds, input.batch),
      taskIds: [...input.taskIds],
      outputs: table(values, input.batch)
    }
  })
}

function table(values: ArrayLike<number>, rows: number): number[][] {
  const width = values.length / rows
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column) => values[row * width + column]!)
  )
}
