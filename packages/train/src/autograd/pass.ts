import { roformer, WORD_EMBEDDINGS, type ModelConfig, type Target } from '@sohu-match/core'
import type { Variable } from '../optimizer/variable'
import { tf, type Tensor } from '../tfjs'
import type { EmbeddingRows } from './embedding-rows'
import { scoreTerm, type ScoreTargets } from './distil'
import { FusedOps } from './fused/fused-ops'
import { fusedKernelsFor } from './fused/native'
import { crossEntropy } from './kernels/cross-entropy'
import { symmetricDivergence } from './kernels/divergence'
import { labelLosses, type AnyOfLoss } from './label-loss'
import { planReads } from './reads'
import { Tape, type KernelObserver, type Value } from './tape'
import { TrainingOps, type Arithmetic, type PassOptions } from './training-ops'

/** A padded batch: ids row-major [batch, seq], task ids [batch]. */
export interface InputBatch {
  readonly batch: number
  readonly seq: number
  readonly tokenIds: Int32Array
  readonly segmentIds: Int32Array
  readonly taskIds: Int32Array
}

/** With labels, and the weight of each pair in the loss. */
export interface LabeledBatch extends InputBatch {
  readonly labels: Int32Array
  /** What is true of the rows of tasks with labels or a score, [batch]. */
  readonly targets?: readonly (Target | undefined)[]
  readonly weights: Float32Array
  readonly teacher?: ScoreTargets
}

/** A network: its configuration and a variable for each parameter. */
export interface Model {
  readonly config: ModelConfig
  readonly variables: ReadonlyMap<string, Variable>
}

/**
 * Logits [batch, width], or a bi-encoder's vectors [batch, hidden], without dropout. The caller disposes the tensor, which
 * is float32 in either precision.
 */
export function predict(model: Model, batch: InputBatch, arithmetic: Arithmetic = {}): Tensor {
  const tape = new Tape({ recording: false })
  try {
    return runNetwork(tape, model, batch, arithmetic).output.tensor.clone()
  } finally {
    tape.dispose()
  }
}

/** Options of a training pass. */
export type TrainingPass = Pick<PassOptions, 'recompute' | 'precision' | 'kernels' | 'dropout'> & {
  /** Adds auxiliary terms to the loss. */
  readonly auxiliary?: (tape: Tape, ops: TrainingOps, observed: Observed) => Value[]
  /**
   * R-Drop (Liang et al. 2021, arXiv:2106.14448; Su 2021, kexue.fm/archives/8496): every pair passes twice, under two dropout masks. The loss is
   * the mean of both cross-entropies plus weight / 4 times the symmetric divergence of the two outputs. Default 0: once.
   */
  readonly rDropWeight?: number
  /** The loss of tasks of which any label may hold. Default `multilabel`. */
  readonly anyOfLoss?: AnyOfLoss
  /** Runs the pass with the value of a parameter plus `by`, which the caller keeps. */
  readonly shift?: { readonly name: string; readonly by: Tensor }
  /** Uses only these rows of the word embeddings; their gradient then has only these rows, in this order. */
  readonly embeddingRows?: EmbeddingRows
  /** Observes which kernel runs, for profiles. */
  readonly onKernel?: KernelObserver
}

/** The output of each layer [batch, seq, hidden] and the pooled vector [batch, hidden]. */
export interface Observed {
  readonly layers: readonly Value[]
  readonly pooled: Value
}

/** The loss (a scalar tensor) of a batch and its gradients by parameter name; the caller disposes both. */
export function lossAndGradients(
  model: Model,
  single: LabeledBatch,
  pass: TrainingPass = {}
): { loss: Tensor; gradients: Map<string, Tensor> } {
  const tape = new Tape(pass)
  const { rDropWeight = 0 } = pass
  const batch = rDropWeight > 0 ? twice(single) : single
  try {
    const layers: Value[] = []
    let pooled: Value | undefined
    const observe = (place: 'layer' | 'pooled', _index: number, value: Value): void => {
      if (place === 'layer') layers.push(value)
      else pooled = value
    }
    const { embeddingRows } = pass
    const { ops, output: logits } = runNetwork(
      tape,
      model,
      embeddingRows ? { ...batch, tokenIds: embeddingRows.remap(batch.tokenIds) } : batch,
      pass,
      pass.auxiliary && { observe }
    )
    let loss = model.config.tasks.some(({ kind }) => kind)
      ? labelLosses(tape, model.config, logits, batch, pass.anyOfLoss).reduce((sum, term) => ops.add(sum, term))
      : matchLoss(tape, logits, batch)
    if (rDropWeight > 0) {
      const shares = tape.leaf(tf.tensor1d(single.weights.map((weight) => (weight * rDropWeight) / 4)))
      loss = ops.add(
        loss,
        tape.apply([logits, shares], () => symmetricDivergence(logits.tensor, shares.tensor), 'loss')
      )
    }
    if (batch.teacher) loss = ops.add(loss, scoreTerm(tape, logits, batch.teacher))
    for (const term of pass.auxiliary?.(tape, ops, { layers, pooled: pooled! }) ?? []) loss = ops.add(loss, term)
    return { loss: loss.tensor.clone(), gradients: tape.backward(loss, tf.scalar(1)) }
  } finally {
    tape.dispose()
  }
}

/** The loss of a network whose tasks are all match tasks, from its logits [batch, 2]. */
export function matchLoss(tape: Tape, logits: Value, batch: Pick<LabeledBatch, 'labels' | 'weights'>): Value {
  const labels = tape.leaf(tf.tensor1d(batch.labels, 'int32'))
  const weights = tape.leaf(tf.tensor1d(batch.weights))
  return tape.apply([logits, labels, weights], () => crossEntropy(logits.tensor, labels.tensor, weights.tensor), 'loss')
}

/** The rows of a batch twice, each with half of its weight. */
function twice({ batch, seq, tokenIds, segmentIds, taskIds, labels, weights, teacher }: LabeledBatch): LabeledBatch {
  const both = (ids: Int32Array): Int32Array =>
    Int32Array.from({ length: 2 * ids.length }, (_, i) => ids[i % ids.length]!)
  const halves = (shares: Float32Array): Float32Array =>
    Float32Array.from({ length: 2 * batch }, (_, i) => shares[i % batch]! / 2)
  return {
    batch: 2 * batch,
    seq,
    tokenIds: both(tokenIds),
    segmentIds: both(segmentIds),
    taskIds: both(taskIds),
    labels: both(labels),
    weights: halves(weights),
    ...(teacher && {
      teacher: {
        ...teacher,
        logits: Float32Array.from({ length: 2 * batch }, (_, i) => teacher.logits[i % batch]!),
        weights: halves(teacher.weights)
      }
    })
  }
}

function trainingOps(
  tape: Tape,
  model: Model,
  options: Partial<PassOptions>,
  { shift, embeddingRows }: TrainingPass = {}
): TrainingOps {
  const parameter = (name: string): Tensor => {
    const variable = model.variables.get(name)!
    return embeddingRows && name === WORD_EMBEDDINGS
      ? tf.tidy(() => variable.readRows(tf.tensor1d(embeddingRows.ids, 'int32')))
      : variable.read()
  }
  const shifted = (name: string): Tensor => {
    const value = parameter(name)
    if (name !== shift?.name) return value
    const sum = tf.add(value, shift.by)
    value.dispose()
    return sum
  }
  return new TrainingOps(tape, { ...options, parameter: shift ? shifted : parameter })
}

/** Runs the network over a padded batch. Returns its ops too, from which later terms read the same parameters. */
export function runNetwork(
  tape: Tape,
  model: Model,
  batch: InputBatch,
  pass: TrainingPass,
  more?: Pick<PassOptions, 'observe'>
): { output: Value; ops: TrainingOps } {
  const fused = fusedKernelsFor(pass)
  const firstOnly = fused && more?.observe === undefined
  const options = {
    ...pass,
    ...more,
    padded: batch.tokenIds.includes(0),
    firstOnly,
    plan: planReads(model.config, { dropout: (pass.dropout?.rate ?? 0) > 0, firstOnly })
  }
  const ops = trainingOps(tape, model, options, pass)
  const { batch: rows, seq } = batch
  const inputs = {
    tokenIds: tape.leaf(tf.tensor2d(batch.tokenIds, [rows, seq], 'int32')),
    segmentIds: tape.leaf(tf.tensor2d(batch.segmentIds, [rows, seq], 'int32')),
    taskIds: tape.leaf(tf.tensor1d(batch.taskIds, 'int32'))
  }
  if (!fused) return { output: roformer(ops, model.config, inputs), ops }
  const fusedOps = new FusedOps(ops)
  return { output: fusedOps.value(roformer(fusedOps, model.config, inputs)), ops }
}
