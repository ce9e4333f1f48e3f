import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  modelConfigToJson,
  parameterSpecs,
  parityToJson,
  parseModelConfig,
  parseThresholds,
  parseVocab,
  MatcherError,
  type CheckpointMetrics,
  type ModelConfig,
  type ParityBatch
} from '@sohu-match/core'
import { readBytes, readJson, readText, recoverFolder, replaceFolder } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import { Variable } from '../optimizer/variable'
import { ORIGIN_FILE, originText, readOrigin, type Origin } from '../pretrained/origin'
import { readWeights, writeWeights, type LazyTensor } from './weights-file'

/** What a network needs beside its weights to read texts; it travels with every checkpoint. */
export interface Assets {
  /** The text of vocab.txt. */
  readonly vocab: string
  /** The bytes of dictionary.bin; absent where `word_segmentation` is `none`. */
  readonly dictionary?: Uint8Array | undefined
  /** Licences and citations of what the checkpoint holds of others' work. */
  readonly notice: string
  /** The public weights that training started from. */
  readonly origin?: Origin | undefined
}

/** A checkpoint folder's content: what export, evaluation and `--init` read. */
export interface Checkpoint {
  readonly config: ModelConfig
  readonly assets: Assets
  readonly weights: readonly LazyTensor[]
  readonly metrics: CheckpointMetrics
  readonly thresholds: Readonly<Record<string, number>>
  readonly parity: readonly ParityBatch[]
}

/** Writes a checkpoint folder whole or not at all; `more` adds files to it (optimizer state, for `last/`). Throws `storage`. */
export async function writeCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  more?: (temporary: string) => Promise<void>
): Promise<void> {
  await replaceFolder(folder, async (temporary) => {
    const file = (name: string): string => join(temporary, name)
    const json = (name: string, value: unknown): Promise<void> =>
      writeFile(file(name), `${JSON.stringify(value, null, 2)}\n`)
    await mkdir(temporary, { recursive: true })
    await json('config.json', modelConfigToJson(checkpoint.config))
    await json('metrics.json', checkpoint.metrics)
    await json('thresholds.json', checkpoint.thresholds)
    await writeFile(file('parity.json'), `${JSON.stringify(parityToJson(checkpoint.parity))}\n`)
    await writeFile(file('vocab.txt'), checkpoint.assets.vocab)
    const { dictionary, origin } = checkpoint.assets
    if (dictionary) await writeFile(file('dictionary.bin'), dictionary)
    if (origin) await writeFile(file(ORIGIN_FILE), originText(origin))
    await writeFile(file('NOTICE'), checkpoint.assets.notice)
    await writeWeights(file('model.safetensors'), checkpoint.weights, { format: 'sohu-match' })
    await more?.(temporary)
  })
}

/** A checkpoint read back: the network with its weights in variables, its assets and thresholds. */
export interface LoadedCheckpoint {
  readonly model: Model
  readonly assets: Assets
  readonly thresholds: Readonly<Record<string, number>>
}

/** Reads a checkpoint folder. Throws `checkpoint-invalid` naming the file, what was found and what was wanted. */
export async function readCheckpoint(folder: string): Promise<LoadedCheckpoint> {
  await recoverFolder(folder)
  const path = (name: string): string => join(folder, name)
  if (!(await exists(path('config.json')))) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${folder} is no checkpoint: it has no config.json. Name a run's best/ or last/ folder.`
    )
  }
  const config = parseModelConfig(
    await readJson(path('config.json'), 'checkpoint-invalid', 'checkpoint-invalid'),
    path('config.json')
  )
  const assets = await readAssets(folder, config)
  const tokens = parseVocab(assets.vocab).tokens.length
  if (tokens !== config.vocabSize) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${path('vocab.txt')} has ${tokens} tokens; vocab_size in config.json is ${config.vocabSize}.`
    )
  }
  const thresholds = parseThresholds(
    await readJson(path('thresholds.json'), 'checkpoint-invalid', 'checkpoint-invalid'),
    config.tasks,
    path('thresholds.json')
  )
  const shapes = new Map(parameterSpecs(config).map(({ name, shape }) => [name, shape]))
  const variables = new Map<string, Variable>()
  await readWeights(path('model.safetensors'), shapes, (name, values) =>
    variables.set(name, Variable.create(values, shapes.get(name)!))
  )
  return { model: { config, variables }, assets, thresholds }
}

/** The vocabulary, dictionary (where its configuration has one) and notice in a checkpoint folder. Throws `checkpoint-invalid`. */
export async function readAssets(
  folder: string,
  { wordSegmentation }: Pick<ModelConfig, 'wordSegmentation'>
): Promise<Assets> {
  const [vocab, dictionary, notice, origin] = await Promise.all([
    readText(join(folder, 'vocab.txt'), 'checkpoint-invalid'),
    wordSegmentation === 'none' ? undefined : readBytes(join(folder, 'dictionary.bin'), 'checkpoint-invalid'),
    readText(join(folder, 'NOTICE'), 'checkpoint-invalid'),
    readOrigin(folder)
  ])
  return { vocab, dictionary, notice, origin }
}

/** True if something is at the path. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
