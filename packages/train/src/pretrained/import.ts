import {
  createTokenizer,
  MatcherError,
  SOHU_TASKS,
  WORD_EMBEDDINGS,
  type ModelConfig,
  type ParityBatch,
  type Tokenizer
} from '@sohu-match/core'
import { CHECKPOINT_FOLDER, outputFolder, userPath } from '@sohu-match/node'
import type { InputBatch } from '../autograd/pass'
import { unjudged, writeCheckpoint } from '../checkpoint/checkpoint'
import { demoPairs } from '../data/demo-corpus'
import { encodeExamples, type EncodedPairs } from '../data/encode'
import { ownAssets } from '../checkpoint/dictionary'
import { Variable } from '../optimizer/variable'
import { parityBatches, parityInputs } from '../checkpoint/parity'
import { disposeModel } from '../step/trainer'
import type { LazyTensor } from '../checkpoint/weights-file'
import { withPublicWeights, type LoadOptions } from './load'
import type { LoadSummary } from './plan'
import { isOwnCheckpoint } from './take-over'

export interface ImportOptions extends Omit<LoadOptions, 'tasks'> {
  readonly from: string
  readonly out: string
  readonly force?: boolean
}

/**
 * Writes public weights as a checkpoint of this project, tensor by tensor, so that memory holds only the largest.
 * Missing parameters (the condition, the head) get the baseline's initial values. Throws `output-exists`,
 * `checkpoint-invalid`, `config-invalid` or `storage`.
 */
export async function importWeights({ from, out, force = false, ...options }: ImportOptions): Promise<LoadSummary> {
  if (await isOwnCheckpoint(from))
    throw new MatcherError('checkpoint-invalid', `${from} is a checkpoint already; give it to --init as it is.`)
  const folder = await outputFolder(out, { kind: CHECKPOINT_FOLDER, force, current: userPath('.') })
  return withPublicWeights(
    from,
    { ...options, tasks: SOHU_TASKS },
    async ({ config, vocab, origin, parameters, summary }) => {
      const assets = { vocab, ...(await ownAssets(config, origin)) }
      const pairs = await samplePairs(config, createTokenizer(vocab, assets.dictionary))
      const parity = await parityOf(config, parameters, parityInputs(pairs, config))
      await writeCheckpoint(folder, { config, assets, weights: parameters, ...unjudged(config.tasks), parity })
      return summary
    }
  )
}

/** Tokens of the sample pairs, from which the full row is made; activations of a large network need memory. */
const SAMPLE_TOKENS = 64

/** One pair of each task from the embedded corpus, for the parity of a checkpoint without data. */
export function samplePairs(
  { tasks, maxLength, architecture }: ModelConfig,
  tokenizer: Tokenizer
): Promise<EncodedPairs> {
  const examples = tasks.map(({ id }) => ({ ...demoPairs(id % SOHU_TASKS.length, 'valid', 4)[0]!, task: id }))
  return encodeExamples(
    examples.map(({ source, target, task }) => ({ a: source, b: target, task })),
    tokenizer,
    { maxLength: Math.min(maxLength, SAMPLE_TOKENS), architecture }
  )
}

/**
 * Outputs for `parity.json` of weights that are not in memory. Of the word embeddings, only the rows that the inputs
 * read are kept: the ids are renumbered, 0 staying 0.
 */
async function parityOf(
  config: ModelConfig,
  parameters: readonly LazyTensor[],
  inputs: readonly InputBatch[]
): Promise<ParityBatch[]> {
  const ids = [...new Set([0, ...inputs.flatMap(({ tokenIds }) => [...tokenIds])])]
  const renumbered = new Map(ids.map((id, row) => [id, row]))
  const variables = new Map<string, Variable>()
  for (const { name, shape, read } of parameters) {
    const values = await read()
    if (name !== WORD_EMBEDDINGS) variables.set(name, Variable.create(values, shape))
    else
      variables.set(name, Variable.create(rows(values, ids, config.embeddingSize), [ids.length, config.embeddingSize]))
  }
  const model = { config: { ...config, vocabSize: ids.length }, variables }
  try {
    const small = inputs.map((input) => ({ ...input, tokenIds: input.tokenIds.map((id) => renumbered.get(id)!) }))
    return parityBatches(model, small).map((batch) => ({
      ...batch,
      tokenIds: batch.tokenIds.map((row) => row.map((row) => ids[row]!))
    }))
  } finally {
    disposeModel(model)
  }
}

function rows(table: Float32Array, ids: readonly number[], width: number): Float32Array {
  const result = new Float32Array(ids.length * width)
  ids.forEach((id, row) => result.set(table.subarray(id * width, (id + 1) * width), row * width))
  return result
}
