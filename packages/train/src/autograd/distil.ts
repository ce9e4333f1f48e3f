import { tf } from '../tfjs'
import { softCrossEntropy, vectorDistance } from './kernels/distil'
import type { Tape, Value } from './tape'
import type { TrainingOps } from './training-ops'

/** A teacher's scores of a batch's pairs. */
export interface ScoreTargets {
  /** The teacher's logit for a match minus the other, `[pairs]`. */
  readonly logits: Float32Array
  /** Weight of each pair in the loss, `[pairs]`. */
  readonly weights: Float32Array
  readonly temperature: number
}

/** A teacher's vectors of a batch's texts. */
export interface VectorTargets {
  /** Rows of length 1, `[texts, width]`, row-major. */
  readonly vectors: Float32Array
  readonly width: number
  /** Weight of each text in the loss, `[texts]`. */
  readonly weights: Float32Array
}

/** Maps a student's vectors to a teacher's width if the two differ; never exported. */
export const PROJECTION = 'auxiliary.distill.kernel'

/** Loss of logits [pairs, 2] against a teacher's scores. */
export function scoreTerm(tape: Tape, logits: Value, { logits: teacher, weights, temperature }: ScoreTargets): Value {
  const [wanted, shares] = [teacher, weights].map((values) => tape.leaf(tf.tensor1d(values))) as [Value, Value]
  return tape.apply(
    [logits, wanted, shares],
    () => softCrossEntropy(logits.tensor, wanted.tensor, shares.tensor, temperature),
    'loss'
  )
}

/** Loss of vectors [texts, hidden] against a teacher's vectors, through the projection if the widths differ. */
export function vectorTerm(
  tape: Tape,
  ops: TrainingOps,
  vectors: Value,
  { vectors: teacher, width, weights }: VectorTargets
): Value {
  const [texts, hidden] = vectors.tensor.shape as [number, number]
  const projected =
    hidden === width
      ? vectors
      : ops.normalize(ops.matmul(vectors, ops.param(PROJECTION, [hidden, width], 'glorot-uniform')))
  const wanted = tape.leaf(tf.tensor2d(teacher, [texts, width]))
  const shares = tape.leaf(tf.tensor1d(weights))
  return tape.apply(
    [projected, wanted, shares],
    () => vectorDistance(projected.tensor, wanted.tensor, shares.tensor),
    'loss'
  )
}
