import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeTensor,
  MatcherError,
  openDictionary,
  parameterSpecs,
  parseMetrics,
  parseModelConfig,
  parseParity,
  parseSafetensorsHeader,
  parseThresholds,
  parseVocab,
  safetensorsDataStart,
  type CheckpointMetrics,
  type ModelConfig,
  type ParityBatch,
  type Tensor,
  type TensorEntry
} from '@sohu-match/core'
import { readBytes, readError, readJson, readText, recoverFolder } from '@sohu-match/node'

/** The weights of a checkpoint, read from the file one at a time: float32, row-major, by their checkpoint names. */
export interface Weights {
  /** Throws `checkpoint-invalid` for a name that the network does not have. */
  read(name: string): Float32Array
  close(): void
}

/** What a checkpoint folder says beside its weights. */
export interface Checkpoint {
  readonly folder: string
  readonly config: ModelConfig
  readonly thresholds: Readonly<Record<string, number>>
  readonly parity: readonly ParityBatch[]
  readonly metrics: CheckpointMetrics
  readonly weights: Weights
}

/** What reads texts: it goes into the model folder as it is. */
export interface Assets {
  /** The text of vocab.txt. */
  readonly vocab: string
  /** Absent where `word_segmentation` is `none`. */
  readonly dictionary?: Uint8Array | undefined
  /** Licences and citations of what the checkpoint holds of others' work. */
  readonly notice: string
}

/** Reads vocabulary, dictionary and notice of a checkpoint. Throws `checkpoint-invalid` or `asset-corrupt`. */
export async function readAssets({ folder, config }: Checkpoint): Promise<Assets> {
  const vocab = await readText(join(folder, 'vocab.txt'), 'checkpoint-invalid')
  const tokens = parseVocab(vocab).tokens.length
  if (tokens !== config.vocabSize) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${join(folder, 'vocab.txt')} has ${tokens} tokens; vocab_size in config.json is ${config.vocabSize}.`
    )
  }
  const notice = await readText(join(folder, 'NOTICE'), 'checkpoint-invalid')
  if (config.wordSegmentation === 'none') return { vocab, notice }
  const dictionary = await readBytes(join(folder, 'dictionary.bin'), 'checkpoint-invalid')
  openDictionary(dictionary)
  return { vocab, dictionary, notice }
}

/**
 * Opens a checkpoint folder (architecture: `config.json`, `model.safetensors`, `thresholds.json`, `parity.json`, `metrics.json`).
 * Every weight that the network needs must be there, of its shape, and finite. Throws `checkpoint-invalid`, `config-invalid` or `storage`.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  await recoverFolder(folder)
  const json = (name: string) => readJson(join(folder, name), 'checkpoint-invalid', 'checkpoint-invalid')
  const config = parseModelConfig(await json('config.json'), join(folder, 'config.json'))
  const thresholds = parseThresholds(await json('thresholds.json'), config.tasks)
  const parity = parseParity(await json('parity.json'))
  const metrics = parseMetrics(await json('metrics.json'))
  return {
    folder,
    config,
    thresholds,
    parity,
    metrics,
    weights: openWeights(join(folder, 'model.safetensors'), config)
  }
}

/** Opens a safetensors file for the network of `config`. Throws `checkpoint-invalid` for a missing, misshapen or non-finite tensor. */
export function openWeights(path: string, config: ModelConfig): Weights {
  const file = openFile(path)
  try {
    const entries = readHeader(file, path)
    const read = (name: string): Tensor => {
      const entry = entries.get(name)
      if (!entry)
        throw new MatcherError(
          'checkpoint-invalid',
          `${path} has no tensor "${name}", which the network of config.json needs.`
        )
      return decodeTensor(entry, readRange(file, path, entry.begin, entry.end))
    }
    for (const { name, shape } of parameterSpecs(config)) check(path, name, shape, read(name))
    return { read: (name) => read(name).data, close: () => closeSync(file) }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw readError(path, cause, 'checkpoint-invalid')
  }
}

function readHeader(file: number, path: string): Map<string, TensorEntry> {
  const size = fstatSync(file).size
  const start = readRange(file, path, 0, Math.min(8, size))
  const header = readRange(file, path, 0, safetensorsDataStart(start, size, path))
  return new Map(parseSafetensorsHeader(header, size, path).tensors.map((entry) => [entry.name, entry]))
}

function readRange(file: number, path: string, begin: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - begin)
  for (let done = 0; done < bytes.length;) {
    const count = readSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30), begin + done)
    if (count === 0)
      throw new MatcherError(
        'checkpoint-invalid',
        `${path} ends at byte ${begin + done}; ${end} bytes were wanted. Copy the file again.`
      )
    done += count
  }
  return bytes
}

function check(path: string, name: string, shape: readonly number[], tensor: Tensor): void {
  if (tensor.shape.join() !== shape.join()) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${path}: "${name}" has the shape [${tensor.shape.join(', ')}]; config.json wants [${shape.join(', ')}].`
    )
  }
  const bad = tensor.data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) {
    throw new MatcherError(
      'checkpoint-invalid',
      `${path}: "${name}" holds ${tensor.data[bad]} at element ${bad}. Training diverged or the file is damaged; export an earlier checkpoint.`
    )
  }
}
