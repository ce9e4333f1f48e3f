import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  chooseAllThresholds,
  modelConfigToJson,
  parameterSpecs,
  parityToJson,
  type CheckpointMetrics,
  type ModelConfig,
  type ParityBatch,
  type TaskSpec,
  type Thresholds
} from '@sohu-match/core'
import { openCheckpoint, ORIGIN_FILE, originText, replaceFolder, type Assets } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import { Variable } from '../optimizer/variable'
import { writeWeights, type LazyTensor } from './weights-file'

/** Content of a checkpoint folder. */
export interface Checkpoint {
  readonly config: ModelConfig
  readonly assets: Assets
  readonly weights: readonly LazyTensor[]
  readonly metrics: CheckpointMetrics
  readonly thresholds: Thresholds
  readonly parity: readonly ParityBatch[]
}

/** Metrics and thresholds of a network that has not scored any pairs. */
export function unjudged(tasks: readonly TaskSpec[]): Pick<Checkpoint, 'metrics' | 'thresholds'> {
  return {
    metrics: { mean: NaN, groups: {}, tasks: {} },
    thresholds: chooseAllThresholds({ rows: [], answers: [] }, tasks)
  }
}

/** Replaces the folder atomically; `more` adds files to it (optimizer state, for `last/`). Throws `storage`. */
export async function writeCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  more?: (temporary: string) => Promise<void>
): Promise<void> {
  const { vocab, dictionary, notice, origin } = checkpoint.assets
  await replaceFolder(folder, async (temporary) => {
    const file = (name: string): string => join(temporary, name)
    const json = (name: string, value: unknown): Promise<void> =>
      writeFile(file(name), `${JSON.stringify(value, null, 2)}\n`)
    await mkdir(temporary, { recursive: true })
    await json('config.json', modelConfigToJson(checkpoint.config))
    await json('metrics.json', checkpoint.metrics)
    await json('thresholds.json', checkpoint.thresholds)
    await writeFile(
      file('parity.json'),
      `${JSON.stringify(parityToJson(checkpoint.parity, outputOf(checkpoint.config)))}\n`
    )
    await writeFile(file('vocab.txt'), vocab)
    if (dictionary) await writeFile(file('dictionary.bin'), dictionary)
    if (origin) await writeFile(file(ORIGIN_FILE), originText(origin))
    await writeFile(file('NOTICE'), notice)
    await writeWeights(file('model.safetensors'), checkpoint.weights, { format: 'sohu-match' })
    await more?.(temporary)
  })
}

/** What the outputs in parity.json are. */
function outputOf({ architecture }: ModelConfig): 'logits' | 'vectors' {
  return architecture === 'bi-encoder' ? 'vectors' : 'logits'
}

export interface LoadedCheckpoint {
  readonly model: Model
  readonly assets: Assets
  readonly thresholds: Thresholds
}

/** Reads the weights into variables. Throws as `openCheckpoint`. */
export async function readCheckpoint(folder: string): Promise<LoadedCheckpoint> {
  const { config, assets, thresholds, weights } = await openCheckpoint(folder)
  try {
    const variables = new Map(
      parameterSpecs(config).map(({ name, shape }) => [name, Variable.create(weights.read(name), shape)])
    )
    return { model: { config, variables }, assets, thresholds }
  } finally {
    weights.close()
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
