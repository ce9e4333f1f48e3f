import { describeIssues, MatcherError, parseModelConfig, type ModelConfig, type TaskSpec } from '@sohu-match/core'
import { readJson } from '@sohu-match/node'
import * as v from 'valibot'

/** Other keys of a public configuration (attention dropout, generation settings, …) do not describe the network. */
const SIZES = [
  'vocab_size',
  'embedding_size',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'type_vocab_size',
  'hidden_act',
  'layer_norm_eps',
  'hidden_dropout_prob'
] as const

/** Keys of encoders that differ from this network: only these values are accepted. */
const FIXED: Readonly<Record<string, (value: unknown, sizes: Record<string, unknown>) => boolean>> = {
  model_type: (value) => value === 'roformer' || value === 'bert',
  hidden_act: (value) => value === 'gelu',
  rotary_value: (value) => value === false,
  position_embedding_type: (value) => value === 'absolute' || value === 'rotary',
  use_task_id: (value) => value === false, // ERNIE adds an embedding of the task to its input
  num_hidden_groups: (value, { num_hidden_layers }) => value === num_hidden_layers, // ALBERT's layers share their weights
  is_decoder: (value) => value === false,
  attention_head_size: (value, sizes) => value === headSize(sizes),
  attention_key_size: (value, sizes) => value === headSize(sizes),
  pad_token_id: (value) => value === 0
}

function headSize({ hidden_size, num_attention_heads }: Record<string, unknown>): number {
  return Number(hidden_size) / Number(num_attention_heads)
}

export interface OwnSwitches {
  readonly tasks?: readonly TaskSpec[] | undefined
  /** Keys of config.json in `OWN_KEYS`; public weights determine the others. */
  readonly model?: Readonly<Record<string, unknown>> | undefined
}

/** The keys of config.json that a run chooses for any public weights. */
export const OWN_KEYS = [
  'architecture',
  'condition_size',
  'conditioning',
  'heads',
  'max_length',
  'hidden_dropout_prob',
  'pooling',
  'word_segmentation'
] as const

/** Facts about the network from the files next to a public configuration. */
export interface Found {
  /** The weights contain a position table. */
  readonly positions: boolean
  readonly wordSegmentation: ModelConfig['wordSegmentation']
}

/**
 * Reads a public configuration (`bert_config.json`, or Hugging Face's `config.json`) and adds this project's switches.
 * Without `layer_norm_eps`, 1e-12 is right: bert4keras and the published configurations use it. Throws
 * `checkpoint-invalid` or `config-invalid` naming file and key.
 */
export async function readPublicConfig(
  path: string,
  { positions, wordSegmentation }: Found,
  { tasks, model = {} }: OwnSwitches = {}
): Promise<ModelConfig> {
  const parsed = v.safeParse(
    v.record(v.string(), v.unknown()),
    await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid')
  )
  if (!parsed.success) throw new MatcherError('checkpoint-invalid', `${path}: ${describeIssues(parsed.issues)}.`)
  const json = parsed.output
  for (const [key, fits] of Object.entries(FIXED)) {
    if (json[key] !== undefined && json[key] !== null && !fits(json[key], json)) {
      throw new MatcherError(
        'config-invalid',
        `${path}: "${key}" is ${JSON.stringify(json[key])}, which this network does not have; another checkpoint is needed.`
      )
    }
  }
  if (model.norm_position === 'pre') {
    throw new MatcherError(
      'config-invalid',
      'norm_position "pre" is not how public encoders were trained; leave it out with these weights.'
    )
  }
  const absolute = json.model_type === 'bert' || (json.model_type !== 'roformer' && positions)
  const sizes = pick(json, absolute ? [...SIZES, 'max_position_embeddings'] : SIZES)
  const kind = absolute
    ? { position_embedding_type: 'absolute', word_segmentation: wordSegmentation }
    : { position_embedding_type: 'rotary', word_segmentation: 'jieba' }
  return parseModelConfig({ ...sizes, ...kind, ...pick(model, OWN_KEYS), ...(tasks && { tasks }) }, path)
}

function pick(json: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => json[key] !== undefined).map((key) => [key, json[key]]))
}
