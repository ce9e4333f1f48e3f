import {
  MatcherError,
  modelConfigToJson,
  parameterSpecs,
  parseModelConfig,
  WORD_EMBEDDINGS,
  type ModelConfig
} from '@sohu-match/core'
import { CHECKPOINT_FOLDER, outputFolder, tokenizerOf, userPath } from '@sohu-match/node'
import type { Model } from '../autograd/pass'
import { readCheckpoint, unjudged, writeCheckpoint } from '../checkpoint/checkpoint'
import { parityBatches, parityInputs } from '../checkpoint/parity'
import { tensorsOf } from '../checkpoint/weights-file'
import { initialValues, parameterCount } from '../initialization/parameters'
import { Variable } from '../optimizer/variable'
import { samplePairs } from '../pretrained/import'
import { disposeModel } from '../step/trainer'
import { tf, type Tensor2D } from '../tfjs'
import { fewerColumns } from './fewer-columns'

export interface StudentOptions {
  /** Checkpoint of the larger network. */
  readonly from: string
  readonly out: string
  /** Layers to keep, from 0, in ascending order. */
  readonly layers: readonly number[]
  /** Columns of the word embeddings. Default: those of `from`. */
  readonly embeddingSize?: number | undefined
  readonly force?: boolean
}

/**
 * Writes a checkpoint with some of a network's layers and, on request, narrower embeddings: the start of a student
 * whose teacher is the whole network (keeping layers: Sanh et al. 2019, arXiv:1910.01108). Returns its number of
 * parameters. Throws `config-invalid`, `checkpoint-invalid`, `output-exists`, `storage`.
 */
export async function makeStudent({
  from,
  out,
  layers,
  embeddingSize,
  force = false
}: StudentOptions): Promise<number> {
  const folder = await outputFolder(out, { kind: CHECKPOINT_FOLDER, force, current: userPath('.') })
  const { model, assets, thresholds } = await readCheckpoint(from)
  try {
    const config = studentConfig(model.config, layers, embeddingSize)
    const student = { config, variables: variablesOf(model, config, layers) }
    try {
      const pairs = await samplePairs(config, tokenizerOf(assets))
      const weights = tensorsOf(student.variables)
      const parity = parityBatches(student, parityInputs(pairs, config))
      const { metrics } = unjudged(config.tasks)
      await writeCheckpoint(folder, { config, assets, weights, metrics, thresholds, parity })
      return parameterCount(config)
    } finally {
      disposeModel(student)
    }
  } finally {
    disposeModel(model)
  }
}

/** Throws `config-invalid` for layers or a width that the network does not have. */
function studentConfig(
  config: ModelConfig,
  layers: readonly number[],
  embeddingSize = config.embeddingSize
): ModelConfig {
  const ascending = layers.every((layer, i) => layer < config.numHiddenLayers && (i === 0 || layer > layers[i - 1]!))
  if (layers.length === 0 || !ascending)
    throw new MatcherError(
      'config-invalid',
      `The layers are ${layers.join(', ') || 'none'}; name some of 0 to ${config.numHiddenLayers - 1} in ascending order.`
    )
  if (
    embeddingSize > config.embeddingSize ||
    (embeddingSize < config.embeddingSize && config.embeddingSize !== config.hiddenSize)
  )
    throw new MatcherError(
      'config-invalid',
      `Embeddings of ${config.embeddingSize} columns cannot be made ${embeddingSize} wide: the width can only be reduced, and only once.`
    )
  const json = { ...modelConfigToJson(config), num_hidden_layers: layers.length, embedding_size: embeddingSize }
  return parseModelConfig(json, 'the student')
}

function variablesOf(teacher: Model, config: ModelConfig, layers: readonly number[]): Map<string, Variable> {
  const narrow =
    config.embeddingSize < teacher.config.embeddingSize
      ? narrowEmbeddings(teacher, config)
      : new Map<string, Float32Array>()
  return new Map(
    parameterSpecs(config).map((spec) => {
      const { name, shape } = spec
      const source = name.replace(/^layer\.(\d+)\./, (_, layer: string) => `layer.${layers[Number(layer)]}.`)
      const kept = teacher.variables.get(source)
      const same = kept?.shape.join() === shape.join()
      const values = narrow.get(name) ?? (same ? kept!.values() : initialValues(spec, 1))
      return [name, Variable.create(values, shape)]
    })
  )
}

/**
 * The embedding tables with fewer columns, and the mapping to the hidden size that gives each word, in the first
 * segment and at an average position, nearly its normalized embedding. Each task's change to their norm starts at zero.
 */
function narrowEmbeddings({ variables }: Model, { embeddingSize: rank }: ModelConfig): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>()
  tf.tidy(() => {
    const tables = ['embeddings.segment', 'embeddings.position', WORD_EMBEDDINGS].filter((name) => variables.has(name))
    const read = (name: string) => variables.get(name)!.read()
    const [first] = tf.split(read('embeddings.segment'), [1, variables.get('embeddings.segment')!.shape[0]! - 1])
    const position = variables.has('embeddings.position') ? tf.mean(read('embeddings.position'), 0, true) : tf.scalar(0)
    const inputs = tf.add(read(WORD_EMBEDDINGS), tf.add(first!, position)) as Tensor2D // [vocabulary, embedding]
    const { mean, variance } = tf.moments(inputs, 1, true)
    const normalized = tf.div(tf.sub(inputs, mean), tf.sqrt(tf.add(variance, 1e-12)))
    const targets = tf.add(tf.mul(normalized, read('embeddings.norm.gamma')), read('embeddings.norm.beta')) as Tensor2D
    const { basis, kernel, bias } = fewerColumns(inputs, targets, rank)
    for (const name of tables) values.set(name, tf.matMul(read(name) as Tensor2D, basis).dataSync() as Float32Array)
    values.set('embeddings.mapping.kernel', kernel)
    values.set('embeddings.mapping.bias', bias)
  })
  return values
}
