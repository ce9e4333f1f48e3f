import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  elementCount,
  parameterSpecs,
  WORD_EMBEDDINGS,
  type Batch,
  type ModelConfig,
  type ParameterSpec
} from '@sohu-match/core'
import { FolderWriter } from '../folder-writer'
import { blockFormat, type BlockCache } from '../formats/blocks'
import { allTasksGraph } from '../graph/graph'
import { serializeGraph } from '../onnx/serialize'
import { openGraph } from '../session'
import { rowProduct } from '../vector-pairs'
import { blockCount, blockSizeFor, type BlockBits } from '../quantize/blocks'

/** Weights that are rounded together: a part of a layer, or the word embeddings. */
export interface WeightGroup {
  readonly name: string
  readonly weights: readonly string[]
  /** Bytes at 4 and at 8 bits, including scales. */
  readonly bytes: Readonly<Record<BlockBits, number>>
}

/** The effect of 4 bits on one group: root mean square change of the logits on the calibration pairs. */
export interface Sensitivity extends WeightGroup {
  readonly error: number
}

/** Maximum share of the weights' float32 bytes for q4: the model-size budget of 0.20 less tables and graph. */
const SIZE_SHARE = 0.19
/** Root mean square logit error at which no more weights return to 8 bits: a tenth of it changes a score by 0.001. */
const ERROR_TARGET = 0.05

/** Attention and the two feed-forward matrices of every layer, and the word embeddings. */
export function weightGroups(config: ModelConfig): WeightGroup[] {
  const groups = new Map<string, ParameterSpec[]>()
  for (const spec of parameterSpecs(config)) {
    const group =
      /^(layer\.\d+\.(?:attention|ffn\.in|ffn\.out))\b.*\.kernel$/.exec(spec.name)?.[1] ??
      /^embeddings\.(?:word|mapping\.kernel)$/.exec(spec.name)?.[0]
    if (group) groups.set(group, [...(groups.get(group) ?? []), spec])
  }
  return [...groups].map(([name, specs]) => ({
    name,
    weights: specs.map((spec) => spec.name),
    bytes: { 4: sum(specs.map((spec) => blockBytes(spec, 4))), 8: sum(specs.map((spec) => blockBytes(spec, 8))) }
  }))
}

/** Compares the logits with each group alone at 4 bits with all at 8. Each graph is a temporary file. */
export async function measureSensitivity(
  config: ModelConfig,
  read: (name: string) => Float32Array,
  calibration: readonly Batch[]
): Promise<Sensitivity[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sohu-match-q4-'))
  const cache: BlockCache = new Map()
  const outputsWith = async (fourBits: readonly string[]): Promise<Float32Array[]> => {
    const graph = allTasksGraph(
      config,
      read,
      blockFormat((name) => (fourBits.includes(name) ? 4 : 8), cache)
    )
    const writer = new FolderWriter(folder)
    writer.write('model.onnx', serializeGraph(graph, 'sohu-match', { fileName: '', limit: Infinity }).model)
    const runner = await openGraph(join(folder, 'model.onnx'))
    const outputs: Float32Array[] = []
    for (const batch of calibration) outputs.push(await runner.run(batch))
    await runner.release()
    return outputs
  }
  try {
    const reference = await outputsWith([])
    const scale = config.architecture === 'bi-encoder' ? Math.max(...read('score.scale')) : undefined
    const measured: Sensitivity[] = []
    for (const group of weightGroups(config)) {
      const outputs = await outputsWith(group.weights)
      const changes = outputs.flatMap((rows, batch) =>
        logitChanges(rows, reference[batch]!, calibration[batch]!.batch, scale)
      )
      measured.push({ ...group, error: rootMeanSquare(changes) })
    }
    return measured
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * The weights to keep at 8 bits: groups return to 8 bits by squared error saved per byte spent, until the predicted
 * error (squares add: the groups' errors are treated as independent) reaches the target or the bytes reach their share
 * of float32.
 */
export function chooseEightBits(groups: readonly Sensitivity[], floatBytes: number): Set<string> {
  const cost = (group: Sensitivity) => group.bytes[8] - group.bytes[4]
  let bytes = sum(groups.map((group) => group.bytes[4]))
  let squaredError = sum(groups.map((group) => group.error ** 2))
  const kept = new Set<string>()
  for (const group of [...groups].sort((one, other) => other.error ** 2 / cost(other) - one.error ** 2 / cost(one))) {
    if (Math.sqrt(squaredError) <= ERROR_TARGET) break
    if (bytes + cost(group) > SIZE_SHARE * floatBytes) continue
    group.weights.forEach((name) => kept.add(name))
    bytes += cost(group)
    squaredError -= group.error ** 2
  }
  return kept
}

/** Of the weights in groups. */
export function floatBytes(config: ModelConfig): number {
  const names = new Set(weightGroups(config).flatMap((group) => group.weights))
  return sum(
    parameterSpecs(config)
      .filter((spec) => names.has(spec.name))
      .map((spec) => 4 * elementCount(spec.shape))
  )
}

/** Kernels are cut along their input axis, the embedding table along its rows' width. */
function blockBytes({ name, shape }: ParameterSpec, bits: BlockBits): number {
  const [first, second] = shape as [number, number]
  const [rows, width] = name === WORD_EMBEDDINGS ? [first, second] : [second, first]
  const size = blockSizeFor(width, bits)
  return rows * blockCount(width, size) * ((size * bits) / 8 + 4)
}

/** Changes of logits; with a `scale`, of those of vectors [batch, hidden] with each other, each row changed alone. */
function logitChanges(outputs: Float32Array, reference: Float32Array, batch: number, scale?: number): number[] {
  const moved = Array.from(outputs, (value, i) => value - reference[i]!)
  if (scale === undefined) return moved
  const width = outputs.length / batch
  return Array.from({ length: batch * batch }, (_, i) => {
    return scale * rowProduct(moved, Math.floor(i / batch), reference, i % batch, width)
  })
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(sum(values.map((value) => value ** 2)) / values.length)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
