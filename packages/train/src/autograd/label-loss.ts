import { headLayout, kindOf, type ModelConfig } from '@sohu-match/core'
import { tf } from '../tfjs'
import { sigmoidCrossEntropy } from './kernels/auxiliary'
import { LEFT_OUT, maskedCrossEntropy, multilabelCrossEntropy } from './kernels/label-losses'
import type { LabeledBatch } from './pass'
import type { Recorded, Tape, Value } from './tape'

/** The loss of tasks of which any label may hold: Su's for all labels of a row together, or a sigmoid cross-entropy for each. */
export type AnyOfLoss = 'multilabel' | 'sigmoid'

/** The rows of a batch as their losses read them; matrices [batch, columns], row-major. */
interface LabelMatrices {
  /** 0 at the columns of the row's own task, `LEFT_OUT` elsewhere. */
  readonly bias: Float32Array
  /** 1 at the labels that hold; of a score, its place in its range, from 0 to 1. */
  readonly targets: Float32Array
  /** Weights [batch] of the rows where one column holds (a match among them), and of those where any may. */
  readonly oneOf: Float32Array
  readonly anyOf: Float32Array
  /** Weights of single logits: of scores. */
  readonly single: Float32Array
}

/**
 * The terms of the loss of a batch under a network with tasks of several kinds, from its logits [batch, columns]: softmax cross-entropy over
 * a task's columns where one label holds (a match is one of two), `anyOfLoss` where any may, and for a score the sigmoid cross-entropy against
 * its place in the range, as Sentence Transformers trains cross-encoders on graded similarity: its answers never leave the range.
 */
export function labelLosses(
  tape: Tape,
  config: ModelConfig,
  logits: Value,
  batch: LabeledBatch,
  anyOfLoss: AnyOfLoss = 'multilabel'
): Value[] {
  const { columns } = headLayout(config.tasks, config.heads)
  const { bias, targets, oneOf, anyOf, single } = labelMatrices(config, batch, columns, anyOfLoss)
  const matrix = (values: Float32Array): Value => tape.leaf(tf.tensor2d(values, [batch.batch, columns]))
  const vector = (values: Float32Array): Value => tape.leaf(tf.tensor1d(values))
  const [kept, wanted] = [matrix(bias), matrix(targets)]
  const term = (weights: Value, kernel: () => Recorded): Value =>
    tape.apply([logits, kept, wanted, weights], kernel, 'loss')
  const used = (weights: Float32Array): boolean => weights.some((weight) => weight > 0)
  const ones = vector(oneOf)
  const softmax = (): Recorded => maskedCrossEntropy(logits.tensor, kept.tensor, wanted.tensor, ones.tensor)
  const terms = [term(ones, softmax)] // 0 where no row has such a label, so that every batch has a loss
  if (used(anyOf)) {
    const weights = vector(anyOf)
    terms.push(term(weights, () => multilabelCrossEntropy(logits.tensor, kept.tensor, wanted.tensor, weights.tensor)))
  }
  if (used(single)) {
    const weights = matrix(single)
    const kernel = (): Recorded => sigmoidCrossEntropy(logits.tensor, wanted.tensor, weights.tensor)
    terms.push(tape.apply([logits, wanted, weights], kernel, 'loss'))
  }
  return terms
}

function labelMatrices(
  { tasks, heads }: ModelConfig,
  { batch, taskIds, labels, weights, targets: given }: LabeledBatch,
  columns: number,
  anyOfLoss: AnyOfLoss
): LabelMatrices {
  const { ofTask } = headLayout(tasks, heads)
  const bias = new Float32Array(batch * columns).fill(LEFT_OUT)
  const targets = new Float32Array(batch * columns)
  const single = new Float32Array(batch * columns)
  const [oneOf, anyOf] = [new Float32Array(batch), new Float32Array(batch)]
  for (let row = 0; row < batch; row++) {
    const task = tasks[taskIds[row]!]!
    const [from, to] = ofTask[task.id]!.map((column) => row * columns + column) as [number, number]
    const target = given?.[row]
    const weight = weights[row]!
    bias.fill(0, from, to)
    if (weight === 0) continue // it may have no label
    switch (kindOf(task)) {
      case 'match':
        targets[from + labels[row]!] = 1
        oneOf[row] = weight
        break
      case 'one-of':
        targets[from + target![0]!] = 1
        oneOf[row] = weight
        break
      case 'any-of':
        for (const label of target!) targets[from + label] = 1
        if (anyOfLoss === 'multilabel') anyOf[row] = weight
        else single.fill(weight, from, to)
        break
      case 'score': {
        const [least, greatest] = task.range!
        targets[from] = (target![0]! - least) / (greatest - least)
        single[from] = weight
      }
    }
  }
  return { bias, targets, oneOf, anyOf, single }
}
