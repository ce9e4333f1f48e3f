import { WORD_EMBEDDINGS, type ModelConfig, type ParameterSpec } from '@sohu-match/core'
import { rowsAt } from '../autograd/kernels/rows'
import { tiedCrossEntropy } from '../autograd/kernels/tied-cross-entropy'
import { runNetwork, type Model, type TrainingPass } from '../autograd/pass'
import { Tape, type Value } from '../autograd/tape'
import type { Arithmetic, PassOptions } from '../autograd/training-ops'
import { tf, type Tensor } from '../tfjs'
import type { MaskedBatch } from './masking'

/** RoFormer's masked language modeling head: a dense layer, GELU, a norm, and the word embeddings again with a bias. */
export function headSpecs({ hiddenSize, embeddingSize, vocabSize }: ModelConfig): ParameterSpec[] {
  return [
    { name: 'mlm.dense.kernel', shape: [hiddenSize, embeddingSize], init: 'truncated-normal' },
    { name: 'mlm.dense.bias', shape: [embeddingSize], init: 'zeros' },
    { name: 'mlm.norm.gamma', shape: [embeddingSize], init: 'ones' },
    { name: 'mlm.norm.beta', shape: [embeddingSize], init: 'zeros' },
    { name: 'mlm.bias', shape: [vocabSize], init: 'zeros' }
  ]
}

/** The mean loss over the masked tokens (a scalar) and its gradients by parameter name; the caller disposes both. */
export function maskedLossAndGradients(
  model: Model,
  batch: MaskedBatch,
  pass: Pick<PassOptions, 'recompute' | 'dropout'> & Arithmetic = {}
): { loss: Tensor; gradients: Map<string, Tensor> } {
  const tape = new Tape()
  try {
    const loss = maskedLoss(tape, model, batch, pass)
    return { loss: loss.tensor.clone(), gradients: tape.backward(loss, tf.scalar(1)) }
  } finally {
    tape.dispose()
  }
}

/** The same loss without gradients or dropout. */
export function evaluateMasked(model: Model, batch: MaskedBatch, arithmetic: Arithmetic = {}): number {
  const tape = new Tape({ recording: false })
  try {
    return maskedLoss(tape, model, batch, arithmetic).tensor.dataSync()[0]!
  } finally {
    tape.dispose()
  }
}

/** Applies the head at masked positions only: the softmax over the vocabulary would otherwise dominate a pass. */
function maskedLoss(tape: Tape, model: Model, batch: MaskedBatch, pass: TrainingPass): Value {
  const config: ModelConfig = { ...model.config, conditioning: 'none' }
  let hidden: Value | undefined
  const observe: PassOptions['observe'] = (place, _index, value) => {
    if (place === 'layer') hidden = value
  }
  const input = { ...batch, taskIds: new Int32Array(batch.batch) }
  const { ops } = runNetwork(tape, { ...model, config }, input, pass, { observe })
  const places = tape.leaf(tf.tensor1d(batch.places, 'int32'))
  const labels = tape.leaf(tf.tensor1d(batch.labels, 'int32'))
  const weights = tape.leaf(tf.fill([batch.labels.length], 1 / batch.labels.length))
  const states = tape.apply([hidden!, places], () => rowsAt(hidden!.tensor, places.tensor)) // [masked, hidden]
  const head = headSpecs(config).map(({ name, shape, init }) => ops.param(name, shape, init))
  const [kernel, bias, gamma, beta, outputBias] = head as [Value, Value, Value, Value, Value]
  const x = ops.layerNorm(ops.gelu(ops.dense(states, kernel, bias)), gamma, beta, config.layerNormEps) // [masked, embedding]
  const table = ops.param(WORD_EMBEDDINGS, [config.vocabSize, config.embeddingSize], 'truncated-normal')
  return tape.apply([x, table, outputBias, labels, weights], () =>
    tiedCrossEntropy(x.tensor, table.tensor, outputBias.tensor, labels.tensor, weights.tensor, ops.products)
  )
}
