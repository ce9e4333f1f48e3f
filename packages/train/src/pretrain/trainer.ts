import type { Model } from '../autograd/pass'
import type { TrainSettings } from '../config'
import { Adam, clipByGlobalNorm } from '../optimizer/adam'
import { tf, type Tensor } from '../tfjs'
import { adamOptions, disposeModel } from '../step/trainer'
import type { MaskedBatch } from './masking'
import { maskedLossAndGradients } from './pass'

/** The network with its masked language modeling head and its optimizer. */
export class PretrainTrainer {
  private readonly adam: Adam

  constructor(
    private readonly settings: TrainSettings,
    readonly model: Model
  ) {
    this.adam = new Adam(adamOptions(settings), model.variables)
  }

  /**
   * Updates on one batch; `step` counts from 1. Returns the loss as a scalar tensor that the caller reads and disposes.
   */
  step(batch: MaskedBatch, learningRate: number, step: number): Tensor {
    const { seed, clipNorm, recompute, precision, kernels } = this.settings
    const dropout = { rate: this.model.config.hiddenDropoutProb, seed: [seed, step] as const }
    const pass = { recompute, precision, kernels, dropout }
    const { loss, gradients } = maskedLossAndGradients(this.model, batch, pass)
    if (clipNorm > 0) clipByGlobalNorm(gradients, clipNorm).dispose()
    this.adam.apply(gradients, learningRate, step)
    tf.dispose([...gradients.values()])
    return loss
  }

  dispose(): void {
    this.adam.dispose()
    disposeModel(this.model)
  }
}
