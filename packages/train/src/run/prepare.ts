import {
  basicWords,
  buildVocab,
  countWords,
  createSegmenter,
  MatcherError,
  openDictionary,
  parameterSpecs,
  parseModelConfig,
  snakeCased,
  WORD_EMBEDDINGS,
  type Example,
  type ModelConfig,
  type TaskSpec,
  type Tokenizer
} from '@sohu-match/core'
import { tokenizerOf, readDataset, type Assets, type Dataset } from '@sohu-match/node'
import { auxiliarySpecs } from '../step/auxiliary'
import type { TrainSettings } from '../config'
import { encodeExamples, type EncodedPairs } from '../data/encode'
import { onlyTasks, requireTasks } from '../data/for-tasks'
import { requireKeys } from '../evaluate/mine'
import { embeddingStart } from '../data/embedding-start'
import { describeDataset, type DatasetDescription } from '../data/fingerprint'
import type { TaskMatch } from '../checkpoint/tasks-by-name'
import type { RunSource } from './source'
import { ownAssets } from '../checkpoint/dictionary'
import { crossInitialization } from '../initialization/cross'
import { initialVariables } from '../initialization/parameters'
import { requireRates } from '../optimizer/rates'
import type { Variable } from '../optimizer/variable'
import type { LoadSummary } from '../pretrained/plan'
import { takeOver } from '../pretrained/take-over'

export interface Prepared {
  readonly config: ModelConfig
  readonly assets: Assets
  readonly tokenizer: Tokenizer
  readonly pairs: { readonly train: EncodedPairs; readonly valid: EncodedPairs }
  /** For reports. */
  readonly validExamples: readonly Example[]
  /** Present if a teacher is to read them. */
  readonly trainExamples?: readonly Example[]
  /** The network's parameters and the auxiliary heads' (`auxiliary.…`). */
  readonly variables: Map<string, Variable>
  /** The data as the run records it, what its folder lacks, and what was guessed or made (`Dataset.notes`). */
  readonly description: DatasetDescription
  readonly missing: readonly string[]
  readonly notes: readonly string[]
  /** What was loaded, if the run starts from public weights. */
  readonly taken?: LoadSummary
  /** Which tasks the checkpoint knew, if the run starts from one. */
  readonly match?: TaskMatch
}

export type PrepareProgress = (
  phase: 'read' | 'vocabulary' | 'tokenize' | 'embeddings' | 'teacher',
  done: number,
  total: number
) => void

export interface PrepareOptions {
  /** Folder in which tokenized texts are cached. */
  readonly cache: string
  readonly onProgress?: PrepareProgress
  /** Called with the data before they are processed; may throw. */
  readonly onData?: (description: DatasetDescription) => void
}

/** Reads and tokenizes the data, and creates vocabulary and parameters. Throws coded errors; writes only the cache. */
export async function prepare(
  settings: TrainSettings,
  source: RunSource,
  { cache, onProgress, onData }: PrepareOptions
): Promise<Prepared> {
  onProgress?.('read', 0, 1)
  const { init, allowMissing, teacher } = source
  const dataset = await readRunData(settings, source)
  const description = describeDataset(dataset)
  onData?.(description)
  onProgress?.('read', 1, 1)
  const start: Start =
    init === undefined
      ? await freshStart(settings, dataset.tasks, dataset.splits.train, onProgress)
      : await takeOver(settings, init, dataset.tasks, allowMissing, dataset.places)
  const { config, assets } = start
  try {
    requireFitting(settings, config)
  } catch (cause) {
    for (const variable of start.variables?.values() ?? []) variable.dispose()
    throw cause
  }
  const tokenizer = tokenizerOf(assets)
  const encode = (examples: readonly Example[], from: number, maxLength: number): Promise<EncodedPairs> =>
    encodeExamples(examples, tokenizer, {
      maxLength,
      architecture: config.architecture,
      cache: { folder: cache, dictionary: assets.dictionary },
      onProgress: (done) =>
        onProgress?.('tokenize', from + done, dataset.splits.train.length + dataset.splits.valid.length)
    })
  const pairs = {
    train: await encode(dataset.splits.train, 0, settings.trainMaxLength || config.maxLength),
    valid: await encode(dataset.splits.valid, dataset.splits.train.length, config.maxLength)
  }
  const variables =
    start.variables ??
    initialVariables(
      parameterSpecs(config),
      settings.seed,
      startingTables(settings, config, tokenizer, pairs.train, onProgress)
    )
  for (const [name, variable] of initialVariables(auxiliarySpecs(settings, config.hiddenSize), settings.seed))
    variables.set(name, variable)
  return {
    config,
    assets,
    tokenizer,
    pairs,
    validExamples: dataset.splits.valid,
    ...(teacher !== undefined && { trainExamples: dataset.splits.train }),
    variables,
    description,
    missing: dataset.missing,
    notes: dataset.notes,
    ...(start.summary && { taken: start.summary }),
    ...(start.match && { match: start.match })
  }
}

/** Only the tasks that the run trains on; a teacher also scores lines without a label. */
async function readRunData(settings: TrainSettings, { data, columns, teacher }: RunSource): Promise<Dataset> {
  const unlabelled = teacher !== undefined
  const dataset = onlyTasks(await readDataset(data, ['train', 'valid'], { unlabelled, columns }), settings.onlyTasks)
  requireTasks('task_weights', Object.keys(settings.taskWeights), dataset.tasks)
  requireKeys(settings.minedNegatives, dataset.splits.train)
  return dataset
}

/** Settings for cross-encoders only, with the values they must have for a bi-encoder. */
const CROSS_ENCODER_ONLY = {
  initialization: 'reference',
  exchangeTexts: 0,
  renameWords: 0,
  tokenMatchWeight: 0,
  lexicalWeight: 0,
  rDropWeight: 0,
  microBatchTokens: 0
} as const

/** Throws `config-invalid` for a setting that the network would ignore. */
export function requireFitting(settings: TrainSettings, config: ModelConfig): void {
  const { architecture, hiddenDropoutProb, tasks } = config
  requireRates(
    settings.learningRateFactors,
    parameterSpecs(config).map(({ name }) => name)
  )
  const refuse = (key: string, value: unknown): never => {
    const name = Object.keys(snakeCased({ [key]: 0 }))[0]
    throw new MatcherError(
      'config-invalid',
      `A ${architecture} has no use for ${name}; set it to ${JSON.stringify(value)}.`
    )
  }
  if (architecture === 'cross-encoder') {
    if (settings.contrastiveWeight > 0) refuse('contrastiveWeight', 0)
    if (settings.minedNegatives > 0) refuse('minedNegatives', 0)
    requireForMatches(settings, tasks)
    if (settings.rDropWeight > 0 && hiddenDropoutProb === 0)
      throw new MatcherError(
        'config-invalid',
        'r_drop_weight compares two dropouts, and hidden_dropout_prob is 0; raise that.'
      )
    return
  }
  for (const [key, value] of Object.entries(CROSS_ENCODER_ONLY)) {
    if (settings[key as keyof typeof CROSS_ENCODER_ONLY] !== value) refuse(key, value)
  }
  if (settings.batchTokens === 'auto') refuse('batchTokens', 4096)
  if (settings.minedNegatives > 0 && settings.contrastiveWeight === 0)
    throw new MatcherError(
      'config-invalid',
      'mined_negatives takes part in the contrastive loss, and contrastive_weight is 0; raise that.'
    )
}

/** Throws `config-invalid` for a setting that only match tasks can follow, where a task has labels or a score. */
function requireForMatches(
  { rDropWeight, distillWeight, distillEpochs }: TrainSettings,
  tasks: ModelConfig['tasks']
): void {
  const labelled = tasks.find(({ kind }) => kind)
  if (!labelled) return
  const used = Object.entries({
    r_drop_weight: rDropWeight,
    distill_weight: distillWeight,
    distill_epochs: distillEpochs
  }).find(([, value]) => value > 0)
  if (used)
    throw new MatcherError(
      'config-invalid',
      `${used[0]} is for match tasks, and the task "${labelled.name}" has labels or a score; set it to 0.`
    )
}

/** `variables` are present if weights are loaded. */
export interface Start {
  readonly config: ModelConfig
  readonly assets: Assets
  readonly variables?: Map<string, Variable>
  readonly summary?: LoadSummary
  readonly match?: TaskMatch
}

/** Builds the vocabulary from the training texts; sizes are the preset's. */
export async function freshStart(
  settings: TrainSettings,
  tasks: readonly TaskSpec[],
  examples: readonly Pick<Example, 'a' | 'b'>[],
  onProgress?: PrepareProgress
): Promise<Start> {
  const wanted = parseModelConfig({ ...settings.model, tasks }, 'the preset\'s "model"')
  const { dictionary, notice } = await ownAssets(wanted)
  const segment = dictionary ? createSegmenter(openDictionary(dictionary)) : basicWords
  function* texts(): Generator<string> {
    for (const [i, { a, b }] of examples.entries()) {
      if (i % 500 === 0) onProgress?.('vocabulary', i, examples.length)
      yield a
      if (b !== undefined) yield b
    }
    onProgress?.('vocabulary', examples.length, examples.length)
  }
  const tokens = buildVocab(countWords(texts(), segment), { size: wanted.vocabSize })
  const vocab = `${tokens.join('\n')}\n`
  return { config: { ...wanted, vocabSize: tokens.length }, assets: { vocab, dictionary, notice } }
}

/** Initial values that replace the reference's, by parameter name. */
function startingTables(
  settings: TrainSettings,
  config: ModelConfig,
  tokenizer: Tokenizer,
  encoded: EncodedPairs,
  onProgress?: PrepareProgress
): Map<string, Float32Array> {
  const tables = new Map<string, Float32Array>()
  if (settings.initialization === 'cross') {
    for (const [name, values] of crossInitialization(config, settings.seed)) tables.set(name, values)
  }
  if (settings.embeddingStart === 'texts') {
    onProgress?.('embeddings', 0, 1)
    tables.set(
      WORD_EMBEDDINGS,
      embeddingStart(encoded, tokenizer.vocab, config.embeddingSize, {
        seed: settings.seed,
        idfGain: settings.embeddingIdf
      })
    )
    onProgress?.('embeddings', 1, 1)
  }
  return tables
}
