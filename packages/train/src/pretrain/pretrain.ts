import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  acquireLock,
  CHECKPOINT_FOLDER,
  outputFolder,
  storageError,
  tokenizerOf,
  userPath,
  type Assets
} from '@sohu-match/node'
import { elementCount, MatcherError, parameterSpecs, type ParameterSpec } from '@sohu-match/core'
import type { Model } from '../autograd/pass'
import type { Arithmetic } from '../autograd/training-ops'
import { exists, unjudged, writeCheckpoint } from '../checkpoint/checkpoint'
import { trainSettingsToJson } from '../config'
import { planEpoch, planEvaluation } from '../data/buckets'
import { BATCH_TOKENS } from '../evaluate/predict'
import { initialVariables } from '../initialization/parameters'
import { lossMeter, REPORT_STEPS, type StepReport } from '../step/loss-meter'
import { learningRateAt } from '../optimizer/schedule'
import { parityBatches, parityInputs } from '../checkpoint/parity'
import { fitToMachine, type Without } from '../run/machine'
import { freshStart, type PrepareProgress } from '../run/prepare'
import { samplePairs } from '../pretrained/import'
import { takeOver } from '../pretrained/take-over'
import { readWeights, tensorsOf, writeWeights } from '../checkpoint/weights-file'
import type { PretrainSettings } from './config'
import { createMasking } from './masking'
import { evaluateMasked, headSpecs } from './pass'
import { encodeSequences, sequenceLengths, type Sequences } from './sequences'
import { readTexts, type PretrainTexts } from './texts'
import { PretrainTrainer } from './trainer'

export interface PretrainRun {
  /** A file of text lines or a data folder. */
  readonly texts: string
  /** Checkpoint folder. */
  readonly out: string
  readonly config: PretrainSettings
  /** Weights and vocabulary to continue from. */
  readonly init?: string
  readonly force?: boolean
}

export interface PretrainHooks {
  readonly onPrepare?: PrepareProgress
  readonly onReady?: (
    ready: Without & { parameters: number; vocabulary: number; sequences: number; heldOut: number; steps: number }
  ) => void
  readonly onStep?: (report: StepReport) => void
  /** `heldOutLoss` is measured under fixed masks; NaN if no sequences are held out. */
  readonly onEpoch?: (report: { epoch: number; epochs: number; step: number; heldOutLoss: number }) => void
  /** Return true to stop: it finishes its step and writes the checkpoint. */
  readonly stopping?: () => boolean
}

/** The masked language modeling head in the checkpoint's folder, loaded by pretraining that continues from it. */
const HEAD_FILE = 'mlm.safetensors'

interface Prepared {
  readonly model: Model
  readonly assets: Assets
  readonly sequences: Sequences
}

/**
 * Trains the encoder by masked language modeling and writes it as a checkpoint for `--init`; condition and head have
 * the baseline's initial values. Returns the number of steps and the last loss on the held-out sequences. Throws coded
 * errors before anything is written, `output-exists` while another process pretrains into the folder.
 */
export async function pretrain(
  run: PretrainRun,
  hooks: PretrainHooks = {}
): Promise<{ steps: number; heldOutLoss: number }> {
  const output = { kind: CHECKPOINT_FOLDER, force: run.force ?? false, current: userPath('.') }
  const folder = await outputFolder(run.out, output)
  const release = await lockFor(folder)
  try {
    await outputFolder(run.out, output) // another process may have written it meanwhile
    return await pretrainInto(folder, run, hooks)
  } finally {
    await release()
  }
}

/** The lock is next to the folder, which is replaced. Throws `output-exists` while another process writes to it. */
async function lockFor(folder: string): Promise<() => Promise<void>> {
  const parent = dirname(folder)
  await mkdir(parent, { recursive: true }).catch((cause: unknown) => {
    throw storageError('make the folder', parent, cause)
  })
  return acquireLock(join(parent, `.${basename(folder)}.lock`), folder)
}

async function pretrainInto(
  folder: string,
  { texts, config: asked, init }: PretrainRun,
  hooks: PretrainHooks
): Promise<{ steps: number; heldOutLoss: number }> {
  const { settings, without } = fitToMachine(asked.settings)
  const config = { ...asked, settings }
  const { model, assets, sequences } = await prepare(await readTexts(texts), config, init, hooks)
  const masking = createMasking(sequences, tokenizerOf(assets).vocab, config.maskRate)
  const { training, heldOut } = split(sequenceLengths(sequences), config.heldOut)
  const plans = Array.from({ length: config.settings.epochs }, (_, epoch) => plan(training, config, epoch))
  const steps = plans.reduce((sum, batches) => sum + batches.length, 0)
  const trainer = new PretrainTrainer(config.settings, model)
  const save = (): Promise<void> => saveCheckpoint(folder, model, assets, { texts, init, ...describe(config) })
  hooks.onReady?.({
    parameters: [...model.variables.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
    vocabulary: model.config.vocabSize,
    sequences: training.indices.length,
    heldOut: heldOut.indices.length,
    steps,
    ...without
  })
  try {
    let [step, heldOutLoss] = [0, NaN]
    for (const [epoch, batches] of plans.entries()) {
      const meter = lossMeter(steps, config.settings.epochs, 'pretraining')
      for (const [position, indices] of batches.entries()) {
        const learningRate = learningRateAt(++step, steps, config.settings)
        const batch = masking(indices, config.settings.seed, epoch)
        const counts = { pairs: batch.batch, tokenCount: batch.tokenCount, positions: batch.batch * batch.seq }
        meter.add(trainer.step(batch, learningRate, step), [counts], 1)
        if (step % REPORT_STEPS === 0 || position + 1 === batches.length) {
          const report = meter.report(step, epoch, learningRate)
          hooks.onStep?.(report)
        }
        await new Promise((resolve) => setImmediate(resolve)) // lets signals in
        const stopping = hooks.stopping?.() ?? false
        if (stopping || (config.settings.checkpointSteps > 0 && step % config.settings.checkpointSteps === 0))
          await save()
        if (stopping) return { steps: step, heldOutLoss }
      }
      heldOutLoss = meanLoss(model, heldOut, masking, settings)
      hooks.onEpoch?.({ epoch, epochs: config.settings.epochs, step, heldOutLoss })
    }
    await save()
    return { steps, heldOutLoss }
  } finally {
    trainer.dispose()
  }
}

async function prepare(
  { units, tasks }: PretrainTexts,
  { settings }: PretrainSettings,
  init: string | undefined,
  { onPrepare }: PretrainHooks
): Promise<Prepared> {
  const examples = units.map(([a, b = '']) => ({ a, b }))
  const start =
    init === undefined ? await freshStart(settings, tasks, examples, onPrepare) : await takeOver(settings, init, tasks)
  const { config, assets } = start
  const tokenizer = tokenizerOf(assets)
  const sequences = await encodeSequences(units, tokenizer, config.maxLength, (done, total) =>
    onPrepare?.('tokenize', done, total)
  )
  const variables = new Map([
    ...(start.variables ?? initialVariables(parameterSpecs(config), settings.seed)),
    ...initialVariables(headSpecs(config), settings.seed)
  ])
  if (init !== undefined && (await exists(join(init, HEAD_FILE)))) {
    const shapes = new Map(headSpecs(config).map(({ name, shape }) => [name, shape]))
    readWeights(join(init, HEAD_FILE), shapes, (name, values) => variables.get(name)!.assign(values))
  }
  return { model: { config, variables }, assets, sequences }
}

/** A subset of the sequences with their lengths in tokens. */
interface Part {
  readonly indices: Int32Array
  readonly lengths: Int32Array
}

/** Holds out every nth sequence, so that both parts have texts from everywhere. */
function split(lengths: Int32Array, share: number): { training: Part; heldOut: Part } {
  const every = share > 0 ? Math.max(2, Math.round(1 / share)) : Infinity
  const part = (keep: (i: number) => boolean): Part => {
    const indices = Int32Array.from(lengths.keys()).filter(keep)
    return { indices, lengths: indices.map((i) => lengths[i]!) }
  }
  const isHeldOut = (i: number): boolean => (i + 1) % every === 0
  const training = part((i) => !isHeldOut(i))
  if (training.indices.length === 0)
    throw new MatcherError('data-invalid', 'There is no text to pretrain on: no line or pair has a word in it.')
  return { training, heldOut: part(isHeldOut) }
}

/** The batches of an epoch, as indices of sequences. */
function plan({ indices, lengths }: Part, { settings, batchTokens }: PretrainSettings, epoch: number): Int32Array[] {
  const options = { batching: 'buckets', batchTokens, maxPairs: settings.batchPairs } as const
  return planEpoch(lengths, options, settings.seed, epoch).batches.map((batch) => batch.map((i) => indices[i]!))
}

/** Mean loss over the masked tokens, under masks that depend only on the sequence. */
function meanLoss(
  model: Model,
  { indices, lengths }: Part,
  masking: ReturnType<typeof createMasking>,
  { precision, kernels }: Arithmetic
): number {
  const sums = planEvaluation(lengths, BATCH_TOKENS).map((batch) => {
    const masked = masking(
      batch.map((i) => indices[i]!),
      'held-out'
    )
    return {
      words: masked.labels.length,
      loss: evaluateMasked(model, masked, { precision, kernels }) * masked.labels.length
    }
  })
  return sums.reduce((sum, { loss }) => sum + loss, 0) / sums.reduce((sum, { words }) => sum + words, 0)
}

function saveCheckpoint(out: string, { config, variables }: Model, assets: Assets, description: object): Promise<void> {
  const tensors = (specs: readonly ParameterSpec[]) =>
    tensorsOf(
      variables,
      specs.map(({ name }) => name)
    )
  return samplePairs(config, tokenizerOf(assets)).then((pairs) =>
    writeCheckpoint(
      out,
      {
        config,
        assets,
        weights: tensors(parameterSpecs(config)),
        ...unjudged(config.tasks),
        parity: parityBatches({ config, variables }, parityInputs(pairs, config))
      },
      async (temporary) => {
        await writeWeights(join(temporary, HEAD_FILE), tensors(headSpecs(config)))
        await writeFile(join(temporary, 'pretrain.json'), `${JSON.stringify(description, null, 2)}\n`)
      }
    )
  )
}

function describe({ settings, maskRate, heldOut }: PretrainSettings): object {
  return { config: { ...trainSettingsToJson(settings), mask_rate: maskRate, held_out: heldOut } }
}
