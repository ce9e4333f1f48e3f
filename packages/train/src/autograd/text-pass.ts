import { pairLogits } from '@sohu-match/core'
import { tf, type Tensor } from '../tfjs'
import type { EmbeddingRows } from './embedding-rows'
import { concatenateRows, contrastive } from './kernels/contrastive'
import { scoreTerm, vectorTerm, type ScoreTargets, type VectorTargets } from './distil'
import { matchLoss, runNetwork, type InputBatch, type Model, type TrainingPass } from './pass'
import { Tape, type Value } from './tape'
import type { TrainingOps } from './training-ops'

/** Each distinct text of a step once, in padded groups of similar length, and which rows each pair compares. */
export interface TextPairBatch {
  readonly groups: readonly InputBatch[]
  /** Rows of the first and of the second texts, counted through all groups, `[pairs]`. */
  readonly a: Int32Array
  readonly b: Int32Array
  /** `[pairs]`. */
  readonly taskIds: Int32Array
  /** `[pairs]`. */
  readonly labels: Int32Array
  /** Weight of each pair in the loss, `[pairs]`. */
  readonly weights: Float32Array
  readonly contrast?: Contrast
  readonly teacher?: ScoreTargets
  readonly teacherVectors?: VectorTargets
}

/** Which texts of a batch belong together: both `[texts, texts]`, row-major. */
export interface Contrast {
  /** Weight of each positive in the loss; a row without positives is zero. */
  readonly targets: Float32Array
  /** 0 if the column is a candidate for the row, far below zero if not. */
  readonly bias: Float32Array
  /** Factor of the cosines before softmax: the inverse temperature. */
  readonly scale: number
}

/** The loss (a scalar tensor) of a step and its gradients by parameter name; the caller disposes both. */
export function textLossAndGradients(
  model: Model,
  batch: TextPairBatch,
  pass: TrainingPass = {}
): { loss: Tensor; gradients: Map<string, Tensor> } {
  const tape = new Tape(pass)
  try {
    const { vectors, ops } = encode(tape, model, batch.groups, pass)
    const ids = (values: Int32Array): Value => tape.leaf(tf.tensor1d(values, 'int32'))
    const taskIds = ids(batch.taskIds)
    const logits = pairLogits(ops, model.config, {
      a: ops.gather(vectors, ids(batch.a)),
      b: ops.gather(vectors, ids(batch.b)),
      taskIds
    })
    let loss = matchLoss(tape, logits, batch)
    if (batch.contrast) loss = ops.add(loss, contrastiveTerm(tape, vectors, batch.contrast))
    if (batch.teacher) loss = ops.add(loss, scoreTerm(tape, logits, batch.teacher))
    if (batch.teacherVectors) loss = ops.add(loss, vectorTerm(tape, ops, vectors, batch.teacherVectors))
    return { loss: loss.tensor.clone(), gradients: tape.backward(loss, tf.scalar(1)) }
  } finally {
    tape.dispose()
  }
}

/** Vectors [texts, hidden] of all groups. Each group is a pass with its own mask and dropout. */
function encode(
  tape: Tape,
  model: Model,
  groups: readonly InputBatch[],
  { embeddingRows, ...pass }: TrainingPass
): { vectors: Value; ops: TrainingOps } {
  const parts = groups.map((group, index) =>
    runNetwork(tape, model, remapped(group, embeddingRows), {
      ...pass,
      ...(embeddingRows && { embeddingRows }),
      ...(pass.dropout && {
        dropout: { ...pass.dropout, seed: [pass.dropout.seed[0], pass.dropout.seed[1] * MAX_GROUPS + index] }
      })
    })
  )
  const outputs = parts.map(({ output }) => output)
  return {
    vectors: tape.apply(outputs, () => concatenateRows(outputs.map(({ tensor }) => tensor)), 'similarity'),
    ops: parts.at(-1)!.ops
  }
}

/** More groups than a batch ever has, so that each has its own dropout masks. */
export const MAX_GROUPS = 8

function remapped(group: InputBatch, rows: EmbeddingRows | undefined): InputBatch {
  return rows ? { ...group, tokenIds: rows.remap(group.tokenIds) } : group
}

function contrastiveTerm(tape: Tape, vectors: Value, { targets, bias, scale }: Contrast): Value {
  const texts = vectors.tensor.shape[0]!
  const leaf = (values: Float32Array): Value => tape.leaf(tf.tensor2d(values, [texts, texts]))
  const [wanted, masked] = [leaf(targets), leaf(bias)]
  return tape.apply(
    [vectors, wanted, masked],
    () => contrastive(vectors.tensor, wanted.tensor, masked.tensor, scale),
    'loss'
  )
}
