import { parameterSpecs, WORD_EMBEDDINGS, type ModelConfig } from '@sohu-match/core'
import { withAdversarial, type Gradients } from './adversarial'
import { auxiliaryLosses, type AuxiliaryTargets } from './auxiliary'
import { EmbeddingRows } from '../autograd/embedding-rows'
import { fusedKernelsFor } from '../autograd/fused/native'
import { lossAndGradients, type InputBatch, type LabeledBatch, type Model, type TrainingPass } from '../autograd/pass'
import type { KernelObserver } from '../autograd/tape'
import { textLossAndGradients, type TextPairBatch } from '../autograd/text-pass'
import type { TrainSettings } from '../config'
import { Adam, clipByGlobalNorm, type AdamOptions, type LazyRows } from '../optimizer/adam'
import { ExponentialMovingAverage } from '../optimizer/ema'
import { fusedUpdate } from '../optimizer/fused-update'
import { rateOf } from '../optimizer/rates'
import { Variable } from '../optimizer/variable'
import { tf, type Tensor } from '../tfjs'

/** A padded batch with targets of the enabled auxiliary losses, or the texts of a bi-encoder's pairs. */
export type MicroBatch = (LabeledBatch & Partial<AuxiliaryTargets>) | TextPairBatch

/** The network with its optimizer and average: one `step` is one update. */
export class Trainer {
  readonly model: Model
  readonly adam: Adam
  readonly ema: ExponentialMovingAverage

  constructor(
    private readonly settings: TrainSettings,
    config: ModelConfig,
    readonly variables: ReadonlyMap<string, Variable>
  ) {
    this.model = { config, variables }
    this.adam = new Adam(adamOptions(settings), variables)
    this.ema = new ExponentialMovingAverage(settings.emaMomentum, variables)
  }

  /**
   * Forward, backward and update on one batch in micro-batches, whose pair weights sum up over all of them; `step`
   * counts from 1. Returns the loss as a scalar tensor that the caller reads and disposes. `onKernel` is for profiles.
   */
  step(microBatches: readonly MicroBatch[], learningRate: number, step: number, onKernel?: KernelObserver): Tensor {
    const embeddingRows =
      this.settings.embeddings === 'lazy' ? new EmbeddingRows(microBatches.flatMap(paddedParts)) : undefined
    const pass = { ...(onKernel && { onKernel }), ...(embeddingRows && { embeddingRows }) }
    const { loss, gradients: plain } = this.accumulate(microBatches, step, pass)
    const gradients = withAdversarial(plain, this.settings.fgmEpsilon, (by) => {
      const again = this.accumulate(microBatches, step, { ...pass, shift: { name: WORD_EMBEDDINGS, by } })
      again.loss.dispose()
      return again.gradients
    })
    tf.tidy(() => {
      const lazy = embeddingRows && { name: WORD_EMBEDDINGS, rows: tf.tensor1d(embeddingRows.ids, 'int32') }
      this.update(gradients, learningRate, step, lazy, onKernel)
    })
    tf.dispose([...gradients.values()])
    return loss
  }

  private update(
    gradients: Gradients,
    learningRate: number,
    step: number,
    lazy: LazyRows | undefined,
    onKernel?: KernelObserver
  ): void {
    const { clipNorm, emaMomentum } = this.settings
    if (fusedKernelsFor(this.settings)) {
      const state = {
        weights: this.variables,
        first: this.adam.momentsOf('first'),
        second: this.adam.momentsOf('second'),
        averages: this.ema.state()
      }
      onKernel?.('adam', 'update')
      const options = { ...adamOptions(this.settings), clipNorm, emaMomentum }
      fusedUpdate(state, options, gradients, { learningRate, step, lazy })
      onKernel?.('ema', 'update')
      this.ema.update(gradients)
      return
    }
    onKernel?.('clip', 'update')
    if (clipNorm > 0) clipByGlobalNorm(gradients, clipNorm).dispose()
    onKernel?.('adam', 'update')
    this.adam.apply(gradients, learningRate, step, lazy)
    onKernel?.('ema', 'update')
    this.ema.update()
  }

  /** The sums over micro-batches. The same step has the same dropout. */
  private accumulate(
    microBatches: readonly MicroBatch[],
    step: number,
    pass: TrainingPass
  ): { loss: Tensor; gradients: Gradients } {
    const { seed, recompute, precision, kernels } = this.settings
    const { hiddenDropoutProb: rate, hiddenSize } = this.model.config
    let total: Tensor | undefined
    const sums: Gradients = new Map()
    microBatches.forEach((batch, index) => {
      const options = {
        recompute,
        precision,
        kernels,
        dropout: { rate, seed: [seed, step * 64 + index] },
        ...pass
      } as const
      const { loss, gradients } =
        'groups' in batch
          ? textLossAndGradients(this.model, batch, options)
          : lossAndGradients(this.model, batch, {
              ...options,
              rDropWeight: this.settings.rDropWeight,
              anyOfLoss: this.settings.anyOfLoss,
              ...(batch.tokenMatch && {
                auxiliary: auxiliaryLosses(this.settings, batch as LabeledBatch & AuxiliaryTargets, hiddenSize)
              })
            })
      pass.onKernel?.('accumulate', 'update')
      for (const [name, gradient] of gradients) addInto(sums, name, gradient)
      const previous = total
      total = previous ? tf.tidy(() => tf.add(previous, loss)) : loss
      if (previous) tf.dispose([previous, loss])
    })
    return { loss: total!, gradients: sums }
  }

  /** The network with the bias-corrected average of the weights after `step` updates. Free it with `disposeModel`. */
  averagedModel(step: number): Model {
    const averages = this.ema.corrected(step)
    const variables = parameterSpecs(this.model.config).map(
      ({ name, shape }) => [name, Variable.create(averages.get(name)!, shape)] as const
    )
    return { config: this.model.config, variables: new Map(variables) }
  }

  dispose(): void {
    this.adam.dispose()
    this.ema.dispose()
    disposeModel(this.model)
  }
}

/** Kernels and word embeddings decay. */
export function adamOptions(settings: TrainSettings): AdamOptions {
  return {
    form: settings.adam,
    beta1: settings.beta1,
    beta2: settings.beta2,
    epsilon: settings.epsilon,
    weightDecay: settings.weightDecay,
    decays: (name) => name.endsWith('.kernel') || name === WORD_EMBEDDINGS,
    rate: (name) => rateOf(settings.learningRateFactors, name)
  }
}

function paddedParts(batch: MicroBatch): readonly InputBatch[] {
  return 'groups' in batch ? batch.groups : [batch]
}

export function disposeModel(model: Model): void {
  for (const variable of model.variables.values()) variable.dispose()
}

function addInto(sums: Map<string, Tensor>, name: string, gradient: Tensor): void {
  const sum = sums.get(name)
  sums.set(name, sum ? tf.tidy(() => tf.add(sum, gradient)) : gradient)
  if (sum) tf.dispose([sum, gradient])
}
