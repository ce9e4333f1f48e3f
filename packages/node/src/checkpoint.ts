import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  createTokenizer,
  MatcherError,
  openDictionary,
  parameterSpecs,
  parseMetrics,
  parseModelConfig,
  parseParity,
  parseThresholds,
  parseVocab,
  type CheckpointMetrics,
  type ModelConfig,
  type ParityBatch,
  type Thresholds,
  type Tokenizer
} from '@sohu-match/core'
import { recoverFolder } from './folder'
import { readOrigin, type Origin } from './origin'
import { readBytes, readJson, readText } from './read'
import { openTensorFileOf } from './tensor-file'

/** Files besides the weights: those that a network needs to read texts, and the terms of others' work. */
export interface Assets {
  /** The text of vocab.txt. */
  readonly vocab: string
  /** dictionary.bin. Absent if `word_segmentation` is "none". */
  readonly dictionary?: Uint8Array | undefined
  /** Licenses and citations of the work of others in the checkpoint. */
  readonly notice: string
  /** Of the public weights that the network started from. */
  readonly origin?: Origin | undefined
}

/** Weights that are read from the file one at a time. */
export interface Weights {
  /** float32, row-major. Throws `checkpoint-invalid` for a name that the network does not have. */
  read(name: string): Float32Array
  close(): void
}

export interface OpenCheckpoint {
  readonly folder: string
  readonly config: ModelConfig
  readonly assets: Assets
  readonly thresholds: Thresholds
  readonly parity: readonly ParityBatch[]
  readonly metrics: CheckpointMetrics
  /** The caller closes them. */
  readonly weights: Weights
}

/**
 * Opens a checkpoint folder and checks all of it: every JSON file against its schema, the vocabulary against
 * `vocab_size`, the dictionary, and every weight's name, shape and finiteness. Throws `checkpoint-invalid`,
 * `config-invalid`, `asset-corrupt` or `storage`.
 */
export async function openCheckpoint(folder: string): Promise<OpenCheckpoint> {
  await recoverFolder(folder)
  const path = (name: string): string => join(folder, name)
  const json = (name: string) => readJson(path(name), 'checkpoint-invalid', 'checkpoint-invalid')
  requireCheckpoint(folder)
  const config = parseModelConfig(await json('config.json'), path('config.json'))
  const assets = await readAssets(folder, config)
  const thresholds = parseThresholds(await json('thresholds.json'), config.tasks, path('thresholds.json'))
  const parity = parseParity(await json('parity.json'), path('parity.json'))
  const metrics = parseMetrics(await json('metrics.json'), path('metrics.json'))
  return {
    folder,
    config,
    assets,
    thresholds,
    parity,
    metrics,
    weights: openWeights(path('model.safetensors'), config)
  }
}

/** Throws `checkpoint-invalid` for a folder that is not a checkpoint, saying what it is. */
function requireCheckpoint(folder: string): void {
  if (existsSync(join(folder, 'manifest.json'))) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${folder} is an exported model, not a checkpoint; name the checkpoint that it was exported from, such as runs/NAME/best.`
    )
  }
  if (existsSync(join(folder, 'config.json'))) return
  throw new MatcherError(
    'checkpoint-invalid',
    `${folder} is not a checkpoint: it has no config.json. Name a run's best/ or last/ folder.`
  )
}

/** Throws `checkpoint-invalid` or `asset-corrupt`. */
export async function readAssets(folder: string, config: ModelConfig): Promise<Assets> {
  const path = (name: string): string => join(folder, name)
  const vocab = await readText(path('vocab.txt'), 'checkpoint-invalid')
  const tokens = parseVocab(vocab).tokens.length
  if (tokens !== config.vocabSize) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${path('vocab.txt')} has ${tokens} tokens; vocab_size in config.json is ${config.vocabSize}.`
    )
  }
  const notice = await readText(path('NOTICE'), 'checkpoint-invalid')
  const origin = await readOrigin(folder)
  if (config.wordSegmentation === 'none') return { vocab, notice, origin }
  const dictionary = await readBytes(path('dictionary.bin'), 'checkpoint-invalid')
  openDictionary(dictionary)
  return { vocab, dictionary, notice, origin }
}

/** Throws `asset-corrupt`. */
export function tokenizerOf({ vocab, dictionary }: Assets): Tokenizer {
  return createTokenizer(vocab, dictionary)
}

/** Throws `checkpoint-invalid` for a missing, unknown, misshapen or non-finite tensor. */
function openWeights(path: string, config: ModelConfig): Weights {
  const specs = parameterSpecs(config)
  const file = openTensorFileOf(path, new Map(specs.map(({ name, shape }) => [name, shape])))
  try {
    for (const { name } of specs) requireFinite(path, name, file.read(name).data)
  } catch (error) {
    file.close()
    throw error
  }
  return { read: (name) => file.read(name).data, close: () => file.close() }
}

function requireFinite(path: string, name: string, values: Float32Array): void {
  const bad = values.findIndex((value) => !Number.isFinite(value))
  if (bad < 0) return
  throw new MatcherError(
    'checkpoint-invalid',
    `${path}: "${name}" holds ${values[bad]} at element ${bad}. Training diverged or the file is damaged; use an earlier checkpoint.`
  )
}
