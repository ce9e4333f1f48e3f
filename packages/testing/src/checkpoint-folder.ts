import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  encodeSafetensors,
  modelConfigToJson,
  parityToJson,
  type ModelConfig,
  type NamedTensor,
  type ParityBatch
} from '@sohu-match/core'

/** Where core's build puts jieba's dictionary and its notice; this file is two folders below packages/, both as source and as build. */
const CORE_DIST = fileURLToPath(new URL('../../core/dist', import.meta.url))

/** Contents of a checkpoint folder for tests. */
export interface CheckpointContent {
  readonly config: ModelConfig
  readonly weights: readonly NamedTensor[]
  /** Text of vocab.txt. */
  readonly vocab: string
  readonly parity: readonly ParityBatch[]
  readonly thresholds?: Readonly<Record<string, number>>
}

/** Writes a checkpoint folder as training does; thresholds default to 0.5, metrics to empty ones. Requires `nx run core:build`. */
export function writeCheckpointFolder(
  folder: string,
  { config, weights, vocab, parity, thresholds }: CheckpointContent
): void {
  mkdirSync(folder, { recursive: true })
  const json = (name: string, value: unknown) =>
    writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`)
  json('config.json', modelConfigToJson(config))
  json('metrics.json', { mean: null, groups: {}, tasks: {} })
  json('thresholds.json', { ...Object.fromEntries(config.tasks.map((task) => [task.name, 0.5])), ...thresholds })
  json('parity.json', parityToJson(parity))
  writeFileSync(join(folder, 'vocab.txt'), vocab)
  writeFileSync(join(folder, 'model.safetensors'), encodeSafetensors(weights))
  const copied = config.wordSegmentation === 'none' ? ['NOTICE'] : ['dictionary.bin', 'NOTICE']
  for (const name of copied) copyFileSync(join(CORE_DIST, name), join(folder, name))
}
