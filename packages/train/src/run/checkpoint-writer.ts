import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeCheckpoint } from '../checkpoint/checkpoint'
import { parityBatches, parityInputs } from '../checkpoint/parity'
import { tensorsOf } from '../checkpoint/weights-file'
import { VALID_SCORES } from '../report/run-files'
import { disposeModel, type Trainer } from '../step/trainer'
import type { BestEpoch, TrainingState } from './loop'
import type { Prepared } from './prepare'
import { writeLast, type BestFindings } from './run-folder'

/** Writes `best/` with the averaged weights, and `last/` with the raw ones and the optimizer. */
export class CheckpointWriter {
  private readonly inputs

  constructor(
    private readonly out: string,
    private readonly prepared: Prepared,
    private readonly trainer: Trainer,
    public findings: BestFindings
  ) {
    this.inputs = parityInputs(prepared.pairs.valid, prepared.config)
  }

  async save(state: TrainingState, best?: BestEpoch): Promise<void> {
    if (best) {
      this.findings = { metrics: best.metrics, thresholds: best.thresholds }
      await this.saveBest(state, best)
    }
    const parity = parityBatches(this.trainer.model, this.inputs)
    await writeLast(this.out, this.trainer, { assets: this.prepared.assets, ...this.findings, parity, state })
  }

  private async saveBest({ step }: TrainingState, { metrics, thresholds, scores, answers }: BestEpoch): Promise<void> {
    const averaged = this.trainer.averagedModel(step)
    try {
      const { config, assets } = this.prepared
      const weights = tensorsOf(averaged.variables)
      const parity = parityBatches(averaged, this.inputs)
      await writeCheckpoint(
        join(this.out, 'best'),
        { config, assets, weights, metrics, thresholds, parity },
        (temporary) => writeFile(join(temporary, VALID_SCORES), `${JSON.stringify({ scores, answers })}\n`)
      )
    } finally {
      disposeModel(averaged)
    }
  }
}
