import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { elementCount, parameterSpecs, type TaskSpec } from '@sohu-match/core'
import { sizedConfig } from './batch-size'
import { writeCheckpoint } from '../checkpoint/checkpoint'
import { trainConfigToJson, type TrainConfig } from '../config'
import { pairLengths } from '../data/encode'
import {
  FRESH_STATE,
  isFinished,
  trainLoop,
  type BestEpoch,
  type EpochReport,
  type StepReport,
  type TrainingState
} from './loop'
import { parityBatches, parityInputs } from '../checkpoint/parity'
import { prepare, type Prepared, type PrepareProgress } from './prepare'
import type { LoadSummary } from '../pretrained/plan'
import { VALID_SCORES, writeRunReport } from '../report/run-files'
import {
  createRun,
  hasLast,
  logMetrics,
  readRun,
  requireFresh,
  restoreFindings,
  restoreLast,
  rewindMetrics,
  tidyRun,
  writeLast,
  type BestFindings
} from './run-folder'
import { disposeModel, Trainer } from '../step/trainer'
import { hasBfloat16 } from '../tfjs'

/** A run to begin. */
export interface NewRun {
  readonly data: string
  readonly out: string
  readonly config: TrainConfig
  readonly init?: string
  /** Tensors of public weights in `init` that may be missing or unknown. */
  readonly allowMissing?: readonly string[]
}

/** What a run tells while it goes on; nothing here is printed by the library. */
export interface RunHooks {
  readonly onPrepare?: PrepareProgress
  readonly onReady?: (ready: RunReady) => void
  readonly onStep?: (report: StepReport) => void
  readonly onEvaluation?: (done: number, total: number) => void
  readonly onEpoch?: (report: EpochReport) => void
  /** True once the run is to stop: it finishes its step and writes `last/`. */
  readonly stopping?: () => boolean
}

/** Facts about a run that is ready to go. */
export interface RunReady {
  readonly parameters: number
  readonly vocabulary: number
  readonly trainPairs: number
  readonly validPairs: number
  /** What the data folder lacks. */
  readonly missing: readonly string[]
  readonly resumedAt: TrainingState
  /** True where bfloat16 was asked for and the processor has none: the run is in float32. */
  readonly withoutBfloat16?: boolean
  /** What public weights gave, where the run starts from them. */
  readonly taken?: LoadSummary
}

/** How a run ended: at its last epoch, or stopped on request. */
export interface RunResult {
  readonly finished: boolean
  readonly state: TrainingState
}

/** Trains a new run into `out`. Throws coded errors; nothing is written before data and configuration are found good. */
export async function startRun(run: NewRun, hooks: RunHooks = {}): Promise<RunResult> {
  if (run.config.precision === 'float32' || hasBfloat16()) return execute(run, false, hooks)
  return execute({ ...run, config: { ...run.config, precision: 'float32' } }, false, {
    ...hooks,
    onReady: (ready) => hooks.onReady?.({ ...ready, withoutBfloat16: true })
  })
}

/** Goes on with the run in `out` from its `last/` (from the beginning if it has none yet), exactly as if it had not been interrupted. */
export async function resumeRun(out: string, hooks: RunHooks = {}): Promise<RunResult> {
  return execute({ ...(await readRun(out)), out }, true, hooks)
}

async function execute(run: NewRun, resume: boolean, hooks: RunHooks): Promise<RunResult> {
  const { data, out } = run
  await (resume ? tidyRun(out) : requireFresh(out))
  const resumable = resume && (await hasLast(out))
  const init = resumable ? join(out, 'last') : run.init
  const prepared = await prepare(run.config, {
    data,
    cache: join(dirname(out), '.cache'),
    ...(init !== undefined && { init }),
    ...(run.allowMissing && { allowMissing: run.allowMissing }),
    ...(hooks.onPrepare && { onProgress: hooks.onPrepare })
  })
  const trainer = new Trainer(run.config, prepared.config, prepared.variables)
  try {
    const config = sizedConfig(
      run.config,
      trainer.model,
      pairLengths(prepared.train).reduce((a, b) => Math.max(a, b), 1)
    )
    if (!resume) await createRun(out, { ...run, config })
    const state = resumable ? await restoreLast(out, trainer) : FRESH_STATE
    await rewindMetrics(out, state)
    hooks.onReady?.({
      parameters: parameterSpecs(prepared.config).reduce((sum, { shape }) => sum + elementCount(shape), 0),
      vocabulary: prepared.config.vocabSize,
      trainPairs: prepared.train.labels.length,
      validPairs: prepared.valid.labels.length,
      missing: prepared.missing,
      resumedAt: state,
      ...(prepared.taken && { taken: prepared.taken })
    })
    const writer = new CheckpointWriter(
      out,
      prepared,
      trainer,
      resumable ? await restoreFindings(out, prepared.config.tasks) : nothingFound(prepared.config.tasks)
    )
    const report = (): Promise<void> => writeRunReport(out, reportSource(config, prepared))
    if (resumable) await report() // a kill may have come between an epoch's checkpoint and its report
    const final = await trainLoop(config, prepared, trainer, state, {
      onStep: (report) => hooks.onStep?.(report),
      onEvaluation: (done, total) => hooks.onEvaluation?.(done, total),
      onEpoch: (report) => hooks.onEpoch?.(report),
      stopping: () => hooks.stopping?.() ?? false,
      log: (line) => logMetrics(out, line),
      save: async (state, best) => {
        await writer.save(state, best)
        if (state.position === 0) await report()
      }
    })
    return { finished: isFinished(config, final), state: final }
  } finally {
    trainer.dispose()
  }
}

function reportSource(train: TrainConfig, { config, valid, validExamples, tokenizer }: Prepared) {
  return {
    tasks: config.tasks,
    pairs: validExamples,
    tokens: pairLengths(valid),
    words: tokenizer.words,
    config: trainConfigToJson(train)
  }
}

/** Before the first epoch that scored. */
function nothingFound(tasks: readonly TaskSpec[]): BestFindings {
  return {
    metrics: { mean: NaN, groups: {}, tasks: {} },
    thresholds: Object.fromEntries(tasks.map(({ name }) => [name, 0.5]))
  }
}

/** Writes a run's checkpoints: `best/` with the averaged weights, `last/` with the raw ones and the optimizer. */
class CheckpointWriter {
  private readonly inputs

  constructor(
    private readonly out: string,
    private readonly prepared: Prepared,
    private readonly trainer: Trainer,
    private found: BestFindings
  ) {
    const { config, valid } = prepared
    this.inputs = parityInputs(valid, config)
  }

  async save(state: TrainingState, best?: BestEpoch): Promise<void> {
    const {
      trainer,
      inputs,
      prepared: { assets }
    } = this
    if (best) {
      this.found = { metrics: best.metrics, thresholds: best.thresholds }
      await this.saveBest(state, best)
    }
    await writeLast(this.out, trainer, { assets, ...this.found, parity: parityBatches(trainer.model, inputs), state })
  }

  private async saveBest({ step }: TrainingState, { metrics, thresholds, scores }: BestEpoch): Promise<void> {
    const averaged = this.trainer.averagedModel(step)
    try {
      const weights = [...averaged.variables].map(([name, variable]) => ({
        name,
        shape: variable.shape,
        read: () => variable.values()
      }))
      const { config, assets } = this.prepared
      const parity = parityBatches(averaged, this.inputs)
      await writeCheckpoint(
        join(this.out, 'best'),
        { config, assets, weights, metrics, thresholds, parity },
        (temporary) => writeFile(join(temporary, VALID_SCORES), `${JSON.stringify({ scores })}\n`)
      )
    } finally {
      disposeModel(averaged)
    }
  }
}
